"""Prefect's temporary server, in a child process that ends with ours. For runs without `PREFECT_API_URL`.

Prefect starts one itself at the first flow, after it was imported and while nothing else goes on, and leaves it behind
if its owner is killed. Started here it boots while we import, and watches its parent.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

from driftloop.monitoring.errors import DriftloopError, clipped
from driftloop.pipelines.runtime.home import sqlite_url
from driftloop.pipelines.runtime.memory import search_rarely

log = logging.getLogger("driftloop.prefect")
# The server on this machine is called directly, regardless of the proxies of the environment.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
DATABASE_SETTINGS = ("PREFECT_SERVER_DATABASE_", "PREFECT_API_DATABASE_")
STARTUP_SECONDS = 180.0
TRIES = 2


class NoServer(DriftloopError):
    """Prefect's temporary server did not start."""

    def __init__(self, why: str) -> None:
        where = os.environ.get("PREFECT_HOME", "the default PREFECT_HOME")
        super().__init__(
            f"Prefect's temporary server did not start: {why}",
            expected=f"an answer on a port of 127.0.0.1 within {STARTUP_SECONDS:g} s, and a folder {where} to write to",
            remedy="try again; or start a server with `prefect server start` and set PREFECT_API_URL to its URL",
        )


class TemporaryServer:
    """Starts when it is created, is waited for when it is needed, and stops when our process ends.

    If it dies while we live, it is started again on its port: Prefect's clients find it there when they try again.
    """

    def __init__(self) -> None:
        self.tries, self.port, self.answered, self.stopping = 0, 0, False, False
        self._lock = threading.Lock()
        self.folder = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
        _writable(self.folder)
        self._launch()
        # Registered before Prefect is imported, so it runs after Prefect has sent its last logs and events.
        atexit.register(self.stop)

    def _launch(self) -> None:
        self.tries += 1
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        environment = {**os.environ, "PREFECT_UI_ENABLED": "0", "PREFECT_SERVER_UI_ENABLED": "0"}
        if not any(name.startswith(DATABASE_SETTINGS) for name in environment):
            # Prefect's own default puts the path into a URL as it is.
            url = sqlite_url(self.folder / "prefect.db", "aiosqlite")
            environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
        command = [sys.executable, "-m", "driftloop.pipelines.runtime.temporary_server", str(self.port)]
        # A separate session: Ctrl-C ends our process, which still has records to send, and the server ends after it.
        self.output = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._watch, args=(self.process,), name="prefect server", daemon=True).start()

    def wait(self) -> str:
        """Return the API's URL, once it answers. It stays the same, because Prefect keeps connections to it."""
        with self._lock:
            return self._wait()

    def _wait(self) -> str:
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and not self.stopping:
            code = self.process.poll()
            if code is not None and self.tries >= TRIES:
                # A later flow of a long-running process may find the reason gone.
                self.tries = 0
                raise NoServer(f"it ended with code {code}; last output: {self._last_output()}")
            if code is not None:
                # A server that never answered may have lost its port to another process; otherwise it restarts on it.
                self.port = self.port if self.answered else 0
                self._launch()
            try:
                with DIRECT.open(f"{self.url}/health", timeout=5):
                    self.tries, self.answered = 0, True
                    return self.url
            except (URLError, OSError):
                time.sleep(0.05)
        raise NoServer("it does not answer")

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Start the server again as soon as it ends, unless it was stopped or never answered: `wait` reports that."""
        code = process.wait()
        with self._lock:
            if self.stopping or not self.answered or process is not self.process:
                return
            log.warning("Prefect's temporary server ended with code %s: it is started again", code)
            try:
                self._wait()
            except NoServer as error:
                log.warning("%s", error)

    def _last_output(self) -> str:
        self.output.seek(0)
        lines = [line.strip() for line in self.output.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return clipped(lines[-1], 300) if lines else "nothing"

    def stop(self) -> None:
        """Stop the server, with time to write its remaining records."""
        self.stopping = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoServer(f"its folder cannot be created: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise NoServer("its folder cannot be written to")


def serve(port: int) -> None:
    """Run Prefect's own app in its ephemeral form in the child, until the parent has ended."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    search_rarely()
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def _end_with_parent() -> None:
    """Exit when the pipe from the parent closes, which happens at any end of the parent."""
    # Not through sys.stdin: a thread that waits in its lock breaks the normal exit of the interpreter.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
