"""What a request over HTTP gets, and who may ask."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import struct
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from driftloop.pipelines.service.access import PortTaken, TokenMissing
from driftloop.pipelines.service.endpoint import Answers, Endpoint, reply
from driftloop.pipelines.service.replies import Reply

ASKED: list[str] = []
STATUS = ["overdue"]
LOCAL = {"Host": "127.0.0.1:8765"}


def start(model: str) -> str:
    ASKED.append(model)
    return "stopping" if model == "late" else "queued"


ANSWERS = Answers(
    health=lambda: (503, {"status": STATUS[0], "models": []}),
    metrics=lambda: b"driftloop_up 1\n",
    models=lambda: ("fares", "late", "mit leer"),
    check=start,
    page=lambda parts: Reply(200, "/".join(parts).encode(), "text/html; charset=utf-8"),
)


def ask(method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
    output = reply(
        method, path, LOCAL if headers is None else headers, ANSWERS, **{"local": True, "token": None, **more}
    )
    return output.status, output.body if output.kind.startswith("text") else json.loads(output.body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 503), ("GET", "/health/", 503), ("GET", "/health?verbose=1", 503), ("HEAD", "/metrics", 200),
        ("GET", "/", 200), ("GET", "/site/index.html", 200), ("POST", "/site/index.html", 405), ("GET", "/ready", 200),
        ("GET", "/../etc/passwd", 404), ("POST", "/health", 405), ("GET", "/check/fares", 405),
        ("POST", "/check", 405), ("POST", "/check/fares", 202), ("POST", "/check/mit%20leer", 202),
        ("POST", "/check/nobody", 404), ("POST", "/check/late", 503), ("PUT", "/metrics", 405),
    ],
)  # fmt: skip
def test_each_request_has_its_status(method: str, path: str, status: int) -> None:
    """What is there answers, another method is refused, what is not there is 404, and a service that stops is 503."""
    assert ask(method, path)[0] == status


def test_an_unknown_model_is_reported_with_the_known_ones() -> None:
    """The answer helps: the nearest name and all of them; nothing is started."""
    ASKED.clear()
    _, body = ask("POST", "/check/fare")
    assert "Did you mean 'fares'?" in body["error"]
    assert body["models"] == ["fares", "late", "mit leer"]
    assert ASKED == []
    assert ask("POST", "/check/fares") == (202, {"model": "fares", "check": "queued"})
    assert ASKED == ["fares"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic hush", "hush", "bearer hushhush", "Bearer ü"])
def test_a_check_needs_the_token(header: str) -> None:
    """With a token, only who knows it starts checks; everybody may look at health."""
    headers = {"Host": "example.org", "Authorization": header}
    ASKED.clear()
    assert ask("POST", "/check/fares", headers, local=False, token="hush")[0] == 401
    assert ASKED == []
    assert ask("GET", "/health", headers, local=False, token="hush")[0] == 503
    good = {"host": "example.org", "authorization": "bearer hush"}
    assert ask("POST", "/check/fares", good, local=False, token="hush")[0] == 202


@pytest.mark.parametrize(("status", "code"), [("starting", 503), ("stopping", 503), ("ok", 200), ("overdue", 200)])
def test_ready_is_when_the_models_are_loaded(monkeypatch: pytest.MonkeyPatch, status: str, code: int) -> None:
    """A service that is overdue is ready: to restart it would not help."""
    monkeypatch.setattr(sys.modules[__name__], "STATUS", [status])
    assert ask("GET", "/ready") == (code, {"status": status})


def test_pages_need_the_token_that_a_browser_asks_for() -> None:
    """As a password with any user name, or as a bearer token; a password starts no check, since browsers resend it."""
    password = {"host": "example.org", "authorization": f"Basic {base64.b64encode(b'me:hush').decode()}"}
    bearer = {"host": "example.org", "authorization": "Bearer hush"}
    for path in ("/", "/site/index.html", "/reports/m/a.html"):
        assert ask("GET", path, password, local=False, token="hush")[0] == 200
        assert ask("GET", path, bearer, local=False, token="hush")[0] == 200
        for wrong in ("", "Basic !", "Basic aHVzaA==", "Basic bWU6d3Jvbmc=", "Bearer no"):
            refused = reply("GET", path, {"authorization": wrong}, ANSWERS, local=False, token="hush")
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert ask("POST", "/check/fares", password, local=False, token="hush")[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {**LOCAL, "Origin": "https://evil.example"},
        {**LOCAL, "Origin": "null"},
        {"Host": "evil.example"},
        {},
        {"Host": "["},
    ],
)
def test_a_page_in_a_browser_starts_nothing(headers: dict[str, str]) -> None:
    """Neither by a form on another site nor by a name that was pointed at this machine."""
    ASKED.clear()
    assert ask("POST", "/check/fares", headers)[0] == 403
    assert ASKED == []


def test_other_machines_need_a_token_to_be_set() -> None:
    """Without it the endpoint does not open beyond this machine."""
    with pytest.raises(TokenMissing, match="DRIFTLOOP_TOKEN") as caught:
        Endpoint(ANSWERS, host="0.0.0.0", port=0, token=None)
    assert "127.0.0.1" in caught.value.expected


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint(ANSWERS, host="127.0.0.1", port=0, token=None)
    yield opened
    opened.stop()


def test_a_port_that_is_taken_is_reported(endpoint: Endpoint) -> None:
    """With the remedy, and as an error of ours."""
    with pytest.raises(PortTaken, match=f"127.0.0.1:{endpoint.port}") as caught:
        Endpoint(ANSWERS, host="127.0.0.1", port=endpoint.port, token=None)
    assert "--port" in caught.value.remedy


def test_it_answers_over_a_real_socket(endpoint: Endpoint) -> None:
    """Status, type and body arrive; a body that is sent along is read and not mistaken for the next request."""
    at = f"http://127.0.0.1:{endpoint.port}"
    with urllib.request.urlopen(f"{at}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.read() == b"driftloop_up 1\n"
    asked = urllib.request.Request(f"{at}/check/fares", data=b"GET /health HTTP/1.1\r\n\r\n", method="POST")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert json.load(answer) == {"model": "fares", "check": "queued"}
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(f"{at}/health", timeout=10)
    assert caught.value.code == 503
    assert json.load(caught.value)["status"] == "overdue"


def sent(endpoint: Endpoint, text: str, *, hang_up: bool = False) -> str:
    """What the endpoint answers to raw bytes; with `hang_up` the client is gone before it reads any of it."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
        client.sendall(text.encode("latin-1"))
        if hang_up:
            # A reset, and no orderly end.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return ""
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b"")).decode("latin-1")


POST = "POST /check/fares HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: -1", 400), ("Content-Length: abc", 400), ("Content-Length: " + "9" * 20, 400),
        ("Content-Length: 1_0", 400), ("Content-Length: +1", 400), ("Content-Length: 1.5", 400),
        ("Content-Length: \xb2", 400), ("Content-Length: ", 400), ("Content-Length: 0x1", 400),
        ("Content-Length: 1\r\nContent-Length: 2", 400), ("Content-Length: " + "9" * 5000, 400),
        ("Transfer-Encoding: chunked", 400), ("Content-Length: 1000001", 413),
        ("Content-Length: 0", 202), ("Content-Length: 00", 202), ("X-Nothing: at all", 202),
    ],
)  # fmt: skip
def test_a_body_of_no_clear_length_starts_nothing(endpoint: Endpoint, header: str, status: int) -> None:
    """It is refused and the connection ends: what follows cannot be distinguished from the next request."""
    ASKED.clear()
    answer = sent(endpoint, f"{POST}{header}\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert (["fares"] if status == 202 else []) == ASKED
    assert answer.count("HTTP/1.1") == 1


def test_a_client_that_hangs_up_leaves_one_line(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    """Whenever it does: in the request, in the body, before the answer. No traceback, and the others are served."""
    caplog.set_level("INFO", "driftloop.service")
    ASKED.clear()
    for text in ("GET /hea", f"{POST}Content-Length: 9\r\n\r\nab", f"{POST}Content-Length: 9\r\n\r\n"):
        sent(endpoint, text, hang_up=True)
    assert ASKED == []
    assert sent(endpoint, f"{POST}Content-Length: 9\r\n\r\nab") == "", "a body that is cut starts nothing"
    assert "HTTP/1.1 503" in sent(endpoint, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    until = time.monotonic() + 30
    while len(caplog.records) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    assert [record.levelname for record in caplog.records] == ["INFO"] * 4
    assert all("\n" not in record.getMessage() and record.exc_info is None for record in caplog.records)
    assert ASKED == []


def dripped(client: socket.socket, more: bytes) -> bool:
    """Whether the other side has ended the connection; a little more is sent while it has not."""
    client.settimeout(0.1)
    try:
        client.sendall(more)
        return not client.recv(4096)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("begin", ["GET /health HTTP/1.1\r\nX: ", f"{POST}Content-Length: 9000\r\n\r\n", "", "GET /"])
def test_a_slow_request_ends(begin: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not keep a connection, and its thread, for longer than the whole time of a request."""
    monkeypatch.setattr("driftloop.pipelines.service.endpoint.TOTAL_SECONDS", 1.0)
    ASKED.clear()
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as client:
        client.sendall(begin.encode())
        while not dripped(client, b"a" if begin else b""):
            assert time.monotonic() < begun + 30
    assert time.monotonic() - begun < 20
    assert ASKED == []


def test_many_requests_share_a_connection(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of one begins when the one before has ended."""
    monkeypatch.setattr("driftloop.pipelines.service.endpoint.TOTAL_SECONDS", 2.0)
    client = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    for _ in range(4):
        client.request("GET", "/metrics")
        assert client.getresponse().read() == b"driftloop_up 1\n"
        time.sleep(0.7)
    client.close()
