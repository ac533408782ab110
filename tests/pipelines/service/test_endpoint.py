"""What a request over HTTP gets, and who may ask."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from pipelines.service.endpoint import Answers, Endpoint, PortTaken, TokenMissing, reply

ASKED: list[str] = []
LOCAL = {"Host": "127.0.0.1:8765"}


def start(model: str) -> str:
    ASKED.append(model)
    return "stopping" if model == "late" else "queued"


ANSWERS = Answers(
    health=lambda: (503, {"status": "overdue", "models": []}),
    metrics=lambda: b"driftloop_up 1\n",
    models=lambda: ("fares", "late", "mit leer"),
    check=start,
)


def ask(method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
    told = reply(method, path, LOCAL if headers is None else headers, ANSWERS, **{"local": True, "token": None, **more})
    return told.status, told.body if told.kind.startswith("text") else json.loads(told.body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 503), ("GET", "/health/", 503), ("GET", "/health?verbose=1", 503), ("HEAD", "/metrics", 200),
        ("GET", "/", 404), ("GET", "/../etc/passwd", 404), ("POST", "/health", 405), ("GET", "/check/fares", 405),
        ("POST", "/check", 405), ("POST", "/check/fares", 202), ("POST", "/check/mit%20leer", 202),
        ("POST", "/check/nobody", 404), ("POST", "/check/late", 503), ("PUT", "/metrics", 405),
    ],
)  # fmt: skip
def test_each_request_has_its_status(method: str, path: str, status: int) -> None:
    """What is there answers, another method is told so, what is not there is 404, and a service that stops is 503."""
    assert ask(method, path)[0] == status


def test_an_unknown_model_is_told_with_the_known_ones() -> None:
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


def test_a_port_that_is_taken_is_told(endpoint: Endpoint) -> None:
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
