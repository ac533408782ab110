"""The service over HTTP: `GET /health`, `GET /metrics`, `POST /check/MODEL`. Bound to this machine unless told."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from monitoring.errors import DriftloopError, meant

HERE = frozenset({"127.0.0.1", "localhost"})
METRICS = "text/plain; version=0.0.4; charset=utf-8"
LONGEST_BODY = 1_000_000


class TokenMissing(DriftloopError):
    """The endpoint was to be opened to other machines, where anybody could start checks."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the endpoint was to listen on {host}, which other machines reach, and there is no token",
            expected="DRIFTLOOP_TOKEN in the environment, or 127.0.0.1",
            remedy="export DRIFTLOOP_TOKEN=$(openssl rand -hex 16), or leave --host out",
        )


class PortTaken(DriftloopError):
    """The endpoint cannot listen where it should."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"the endpoint cannot listen on {host}:{port}: {why}",
            expected="an address of this machine and a port that is free",
            remedy="give another one with --port (0 takes any), or stop the service that runs there",
        )


@dataclass(frozen=True)
class Answers:
    """Where the answers come from: health, metrics, the models there are, and the start of a check of one."""

    health: Callable[[], tuple[int, dict[str, Any]]]
    metrics: Callable[[], bytes]
    models: Callable[[], tuple[str, ...]]
    check: Callable[[str], str]


@dataclass(frozen=True)
class Reply:
    """A status, a body and its type."""

    status: int
    body: bytes
    kind: str = "application/json"


def said(status: int, **about: Any) -> Reply:
    """Give a reply of one JSON object."""
    return Reply(status, json.dumps(about).encode())


def reply(
    method: str, path: str, headers: Mapping[str, str], answers: Answers, *, local: bool, token: str | None
) -> Reply:
    """What one request gets. Only a POST needs the token, if there is one.

    A page in a browser on this machine reaches us as well: a request that comes from a page, or by another name than
    this machine's, starts nothing.
    """
    parts = [unquote(part) for part in path.partition("?")[0].split("/") if part]
    lower = {name.lower(): value for name, value in headers.items()}
    asked = ("GET" if method == "HEAD" else method, parts[0] if parts else "", len(parts))
    if local and lower.get("host", "").partition(":")[0].lower() not in HERE:
        told = said(403, error="this endpoint answers to localhost only")
    elif asked == ("GET", "health", 1):
        status, body = answers.health()
        told = Reply(status, json.dumps(body).encode())
    elif asked == ("GET", "metrics", 1):
        told = Reply(200, answers.metrics(), METRICS)
    elif asked == ("POST", "check", 2):
        told = _refused(lower, token) or _start(parts[1], answers)
    else:
        known = asked[1] in {"health", "metrics", "check"}
        told = said(405 if known else 404, error="there is GET /health, GET /metrics, POST /check/MODEL")
    return told


def _refused(headers: Mapping[str, str], token: str | None) -> Reply | None:
    if "origin" in headers:
        return said(403, error="a page of a browser may not start checks")
    if token is not None and not _knows(headers.get("authorization", ""), token):
        return said(401, error="send the header Authorization: Bearer TOKEN, with the value of DRIFTLOOP_TOKEN")
    return None


def _knows(header: str, token: str) -> bool:
    kind, _, given = header.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _start(model: str, answers: Answers) -> Reply:
    known = answers.models()
    if model not in known:
        return said(404, error=f"there is no model {model!r}.{meant(model, known)}", models=list(known))
    answer = answers.check(model)
    return said(503 if answer == "stopping" else 202, model=model, check=answer)


class Endpoint:
    """The HTTP server in a thread of its own. Port 0 takes any that is free; `port` says which."""

    def __init__(self, answers: Answers, *, host: str, port: int, token: str | None) -> None:
        local = host in HERE
        if not local and not token:
            raise TokenMissing(host)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version, sys_version = "driftloop", ""
            timeout = 30

            def _answer(self) -> None:
                length = self.headers.get("Content-Length", "0")
                if not length.isdecimal() or int(length) > LONGEST_BODY:
                    self.close_connection = True
                else:
                    self.rfile.read(int(length))  # what is not read would be taken for the next request
                try:
                    told = reply(self.command, self.path, dict(self.headers), answers, local=local, token=token)
                except Exception as error:
                    told = said(500, error=f"no answer: {type(error).__name__}")
                self.send_response(told.status)
                self.send_header("Content-Type", told.kind)
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told.body)

            do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Requests are not logged: a probe comes every few seconds."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise PortTaken(host, port, getattr(error, "strerror", None) or str(error)) from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
