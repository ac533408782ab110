"""HTTP endpoint of the service: the site, `/health`, `/ready`, `/metrics` and `POST /check/MODEL`. Local by default."""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from driftloop.monitoring.errors import suggestion
from driftloop.pipelines.service import access
from driftloop.pipelines.service.pages import FOLDERS
from driftloop.pipelines.service.replies import Reply, json_reply

NOT_READY = frozenset({"starting", "stopping"})
METRICS = "text/plain; version=0.0.4; charset=utf-8"
LONGEST_BODY = 1_000_000
# From the wait for a request to its last byte.
TOTAL_SECONDS = 60.0
log = logging.getLogger("driftloop.service")


@dataclass(frozen=True)
class Answers:
    """Sources of the answers: health, metrics, names of the models, the start of a check, and pages by their path.

    `elsewhere` returns the service that checks a model instead of this one.
    """

    health: Callable[[], tuple[int, dict[str, Any]]]
    metrics: Callable[[], bytes]
    models: Callable[[], tuple[str, ...]]
    check: Callable[[str], str]
    page: Callable[[Sequence[str]], Reply]
    elsewhere: Callable[[str], str | None] = lambda _: None


def reply(
    method: str, path: str, headers: Mapping[str, str], answers: Answers, *, local: bool, token: str | None
) -> Reply:
    """Return the reply to one request. If there is a token, a POST and a page need it.

    A page in a browser on this machine can send requests too: a request that comes from a page, or by another name
    than this machine's, starts nothing.
    """
    parts = [unquote(part) for part in path.partition("?")[0].split("/") if part]
    lower = {name.lower(): value for name, value in headers.items()}
    asked = ("GET" if method == "HEAD" else method, parts[0] if parts else "", len(parts))
    if access.is_foreign(lower, local=local):
        response = json_reply(403, error=access.NOT_LOCAL)
    elif asked == ("GET", "health", 1):
        status, body = answers.health()
        response = Reply(status, json.dumps(body).encode())
    elif asked == ("GET", "ready", 1):
        state = answers.health()[1]["status"]
        response = json_reply(503 if state in NOT_READY else 200, status=state)
    elif asked == ("GET", "metrics", 1):
        response = Reply(200, answers.metrics(), METRICS)
    elif asked == ("POST", "check", 2):
        response = _refused(lower, token) or _start(parts[1], answers)
    elif asked[0] == "GET" and (not parts or parts[0] in FOLDERS):
        response = _hidden(lower, token) or answers.page(parts)
    else:
        known = asked[1] in {"", "health", "ready", "metrics", "check", *FOLDERS}
        error = "there is GET / (the site), /health, /ready and /metrics, and POST /check/MODEL"
        response = json_reply(405 if known else 404, error=error)
    return response


def _refused(headers: Mapping[str, str], token: str | None) -> Reply | None:
    if "origin" in headers:
        return json_reply(403, error="a web page may not start checks")
    if token is not None and not access.knows(headers.get("authorization", ""), token):
        return json_reply(401, error=access.NEEDS_TOKEN)
    return None


def _hidden(headers: Mapping[str, str], token: str | None) -> Reply | None:
    """Refuse a page without the token: browsers ask for it as a password, with any user name."""
    header = headers.get("authorization", "")
    if token is None or access.knows(header, token) or access.knows_password(header, token):
        return None
    refused = json_reply(401, error="send DRIFTLOOP_TOKEN as a bearer token, or as the password with any user name")
    return replace(refused, headers={"WWW-Authenticate": 'Basic realm="driftloop", charset="UTF-8"'})


def _start(model: str, answers: Answers) -> Reply:
    known = answers.models()
    if model not in known and (owner := answers.elsewhere(model)) is not None:
        error = f"{model} is checked by the service {owner}: send the request there, or run `driftloop check` anywhere"
        return json_reply(409, error=error)
    if model not in known:
        return json_reply(404, error=f"there is no model {model!r}.{suggestion(model, known)}", models=list(known))
    answer = answers.check(model)
    return json_reply(503 if answer == "stopping" else 202, model=model, check=answer)


def body_length(headers: Mapping[str, str], lengths: Sequence[str]) -> int | Reply:
    """Return the number of bytes of the body, or the refusal of a request that does not state it clearly.

    >>> body_length({}, ["12"]), body_length({}, []), body_length({}, ["-1"]).status
    (12, 0, 400)
    """
    if "transfer-encoding" in headers:
        return json_reply(400, error="send the body with a Content-Length, or none at all")
    if len(set(lengths)) > 1 or any(not (one.isascii() and one.isdecimal()) for one in lengths):
        return json_reply(400, error="Content-Length is one whole number of bytes")
    digits = lengths[0].lstrip("0") if lengths else ""
    if len(digits) > len(str(LONGEST_BODY)) or int(digits or 0) > LONGEST_BODY:
        # No client means more than 19 digits: no machine has as many bytes.
        return json_reply(400 if len(digits) > 19 else 413, error=f"a body has at most {LONGEST_BODY:,} bytes")
    return int(digits or 0)


class _Bounded(io.RawIOBase):
    """Bytes of a connection until `deadline`: a slow sender cannot keep it open."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deadline, self.begun = 0.0, False

    def restart(self) -> None:
        """Start the deadline of the next request."""
        self.deadline, self.begun = time.monotonic() + TOTAL_SECONDS, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"a request took longer than {TOTAL_SECONDS} s")
        self.connection.settimeout(left)
        count = self.connection.recv_into(buffer)
        self.begun = self.begun or count > 0
        return count


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log one line; a client that hangs up is not an error here."""
        error = sys.exc_info()[1]
        log.info("a connection from %s ended early: %s: %s", client_address[0], type(error).__name__, error)


class _Handler(BaseHTTPRequestHandler):
    """One connection. `respond` takes method, path and headers of a request."""

    respond: Callable[[str, str, Mapping[str, str]], Reply]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "driftloop", ""

    def setup(self) -> None:
        super().setup()
        self.raw = _Bounded(self.connection)
        self.rfile = io.BufferedReader(self.raw)

    def handle_one_request(self) -> None:
        self.raw.restart()
        super().handle_one_request()

    def _answer(self) -> None:
        headers = dict(self.headers)
        lower = {name.lower(): value for name, value in headers.items()}
        length = body_length(lower, [one.strip() for one in self.headers.get_all("Content-Length", [])])
        if isinstance(length, Reply):
            self.close_connection = True
            return self._send(length)
        if len(self.rfile.read(length)) < length:  # unread bytes would be parsed as the next request
            raise ConnectionError("the body ended early")
        try:
            response = self.respond(self.command, self.path, headers)
        except Exception as error:
            response = json_reply(500, error=f"no answer: {type(error).__name__}")
        return self._send(response)

    def _send(self, response: Reply) -> None:
        self.connection.settimeout(TOTAL_SECONDS)
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are not logged: a probe comes every few seconds."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log an invalid or slow request in one line; an idle connection just ends."""
        if self.raw.begun:
            log.info("a request from %s was refused: %s", self.client_address[0], format % args)


class Endpoint:
    """HTTP server in its own thread. Port 0 uses any free port; `port` is the port in use."""

    def __init__(self, answers: Answers, *, host: str, port: int, token: str | None) -> None:
        local = access.is_local(host, token)

        def respond(method: str, path: str, headers: Mapping[str, str]) -> Reply:
            return reply(method, path, headers, answers, local=local, token=token)

        handler = type("Handler", (_Handler,), {"respond": staticmethod(respond)})
        try:
            self._server = _Server((host, port), handler)
        except (OSError, OverflowError) as error:
            raise access.PortTaken(host, port, getattr(error, "strerror", None) or str(error)) from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
