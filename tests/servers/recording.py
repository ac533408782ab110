"""An HTTP server on loopback that keeps every request: a receiver for what is sent to other tools."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Sent:
    """One request: its method, path, headers by lower-case name, and its body without compression."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recording:
    """The address of the server, and what it has got. While `hold` is not set, no request gets an answer."""

    url: str
    sent: list[Sent] = field(default_factory=list)
    status: int = 200
    hold: threading.Event = field(default_factory=threading.Event)


@contextmanager
def recording(*, answers: bool = True) -> Iterator[Recording]:
    """Serve on a free port of this machine; without `answers` a request waits until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.sent.append(Sent(self.command, self.path, headers, body))
            kept.hold.wait()
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = _take  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the output of the tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    kept = Recording(f"http://127.0.0.1:{server.server_port}")
    if answers:
        kept.hold.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield kept
    finally:
        kept.hold.set()
        server.shutdown()
        server.server_close()
