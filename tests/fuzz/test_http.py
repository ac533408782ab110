"""Whatever bytes reach the endpoint: it answers in HTTP or hangs up, starts no check on a doubt, and goes on."""

from __future__ import annotations

import logging
import random
import socket
import struct
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from driftloop.pipelines.service.endpoint import Answers, Endpoint
from driftloop.pipelines.service.pages import page
from tests.fuzz.rounds import fuzz

STATUSES = {100, 200, 202, 400, 401, 403, 404, 405, 408, 413, 414, 431, 501, 505}
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "", "G\x00T", "POST POST", "\xff"]
PATHS = [
    "/health", "/metrics", "/check/fares", "/check/", "/check/no", "/check/f%61res", "/check/fares/../x", "//",
    "/%", "/%00",
    "/check/%ff", "/check/fares?x=1#y", "*", "http://127.0.0.1/health", "", "/" + "a" * 70_000,
    "/check/fares\x1b[31m", "/ü",
]  # fmt: skip
VERSIONS = [
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/9",
    "HTTP/1.1.1",
    "HTTP/x.y",
    "HTP/1.1",
    "",
    "HTTP/-1.1",
]
HEADERS = [
    "Host: localhost", "Host: 127.0.0.1:8765", "Host: evil.example", "Host:", "Host: localhost:x", "Origin: null",
    "Content-Length: 0", "Content-Length: 2", "Content-Length: 9", "Content-Length: -1", "Content-Length: abc",
    "Content-Length: 99999999999999999999", "Content-Length: 1000001", "Content-Length: 2, 2", "Content-Length:",
    "Transfer-Encoding: chunked", "Authorization: Bearer hush", "Authorization: Bearer wrong", "Authorization:",
    "Expect: 100-continue", "Connection: close", "Connection: keep-alive", "no colon", ": empty",
    "X: " + "y" * 70_000,
    "\x00: \x00", "X\r\n folded: y", "Content-Length\t: 5",
]  # fmt: skip


def request(rng: random.Random) -> tuple[bytes, str]:
    """A request of parts that may fit together, with a few bytes changed, and how the client leaves."""
    text = ""
    for _ in range(rng.choice([1, 1, 2])):
        method = rng.choice(METHODS) if rng.random() < 0.3 else rng.choice(["GET", "POST"])
        version = rng.choice(VERSIONS) if rng.random() < 0.3 else "HTTP/1.1"
        headers = rng.choices(HEADERS, k=rng.choice([0, 1, 2, 3, 150]))
        if rng.random() < 0.7:
            headers = ["Host: localhost", *headers]
        text += f"{method} {rng.choice(PATHS)} {version}\r\n" + "".join(f"{one}\r\n" for one in headers) + "\r\n"
        text += rng.choice(["", "", "ab", "abcdefghi", "5\r\nhello\r\n0\r\n\r\n"])
    raw = bytearray(text.encode("latin-1"))
    for _ in range(rng.choice([0, 0, 0, 1, 5])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    if rng.random() < 0.2:
        raw = raw[: rng.randrange(len(raw) + 1)]
    return bytes(raw), rng.choice(["waits", "waits", "resets", "leaves"])


def exchanged(port: int, raw: bytes, leaves: str) -> bytes:
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client, suppress(OSError):
        client.sendall(raw)
        if leaves == "resets":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif leaves == "waits":
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(65536):
                answer += more
    return answer


def test_http(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """No answer is a 500, no line of the log a traceback, no check is started without the token, and health goes on."""
    caplog.set_level(logging.INFO, "driftloop.service")
    started: list[str] = []
    answers = Answers(
        health=lambda: (200, {"status": "ok", "models": []}),
        metrics=lambda: b"driftloop_up 1\n",
        models=lambda: ("fares",),
        check=lambda model: started.append(model) or "queued",  # type: ignore[func-returns-value]
        page=lambda parts: page(parts, tmp_path),
    )
    endpoint = Endpoint(answers, host="127.0.0.1", port=0, token="hush")

    def check(made: tuple[bytes, str]) -> None:
        raw, leaves = made
        started.clear()
        answer = exchanged(endpoint.port, raw, leaves)
        for piece in answer.split(b"HTTP/1.1 ")[1:]:
            assert int(piece[:3]) in STATUSES, piece[:200]
        if started:
            assert set(started) == {"fares"}
            assert b"POST" in raw
            assert b"hush" in raw
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/health", timeout=20) as health:
            assert health.status == 200
        for record in caplog.records:
            assert record.exc_info is None
            assert "\n" not in record.getMessage()
        caplog.clear()

    try:
        fuzz("http", request, check)
    finally:
        endpoint.stop()
