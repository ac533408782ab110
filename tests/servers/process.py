"""A server program in a process of its own: started, waited for, killed and stopped. Which one, is elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.servers.ports import free_port

UP = 120.0


def inherited() -> dict[str, str]:
    """The environment of the tests without anything that names a server or a state folder."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "DRIFTLOOP_"))}


class Server:
    """A server on a folder and a port of its own, which can die and come back as it was."""

    def __init__(self, folder: Path, api: str = "") -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}{api}"
        self.process: subprocess.Popen[bytes] | None = None

    def words(self) -> list[str]:
        """What follows `python -m`."""
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """Its environment, next to what it inherits."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait for its answer."""
        env = {**inherited(), **self.settings()}
        command = [sys.executable, "-m", *self.words(), "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + UP
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, f"it does not come up: {' '.join(command)}"
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """As a power cut would: the server and all that it has started, a session of their own."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        self.kill()
