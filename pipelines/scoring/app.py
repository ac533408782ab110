"""HTTP interface of the scorer: `POST /predict/MODEL`, `/health`, `/ready`, `/metrics` and `/openapi.json`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from driftloop.monitoring.errors import DriftloopError, suggestion
from driftloop.monitoring.served.errors import ServingError
from driftloop.pipelines.scoring import bodies, canary, openapi, refusals
from driftloop.pipelines.scoring.answer_log import AnswerLog
from driftloop.pipelines.scoring.champions import Champions, Place
from driftloop.pipelines.scoring.loaded import Scored
from driftloop.pipelines.scoring.numbers import Numbers, health
from driftloop.pipelines.scoring.refusals import Refused
from driftloop.pipelines.service import access

METRICS = "text/plain; version=0.0.4; charset=utf-8"
BODY_SECONDS, WORKERS = 60.0, 4
MOST_HELD = 8 * refusals.LARGEST_BODY
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}
log = logging.getLogger("driftloop.scoring")


@dataclass
class Scoring:
    """What the application answers from. `local`: only this machine reaches it. `stopping` is set at the end.

    `held` is the size of all bodies in memory, in bytes. `workers` predict; the loop goes on answering.
    """

    champions: Champions
    answers: AnswerLog
    numbers: Numbers
    local: bool
    token: str | None
    stopping: bool = False
    held: int = 0
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "score"))


def application(scoring: Scoring) -> FastAPI:
    """Return the application. It has no pages: `/docs` would load scripts from elsewhere."""
    app = FastAPI(title="driftloop score", docs_url=None, redoc_url=None, openapi_url=None)

    app.add_middleware(_Guard, scoring=scoring)

    @app.post("/predict/{model}")
    async def predict(model: str, request: Request) -> Response:
        return await _predict(scoring, model, request)

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health_() -> Response:
        status, body = health(scoring.champions, scoring.answers, datetime.now(UTC), stopping=scoring.stopping)
        return _json(status, body)

    @app.api_route("/ready", methods=["GET", "HEAD"])
    async def ready() -> Response:
        is_ready = scoring.champions.ready and not scoring.stopping
        state = "stopping" if scoring.stopping else "ok" if is_ready else "starting"
        return _json(200 if is_ready else 503, {"status": state})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(scoring.numbers.text(), media_type=METRICS)

    @app.get("/openapi.json")
    async def described() -> Response:
        return _json(200, openapi.described(scoring.champions.places, with_token=scoring.token is not None))

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        refused = Refused(
            error.status_code,
            f"{request.method} {request.url.path[:200]}",
            expected="POST /predict/MODEL, or GET /health, /ready, /metrics, /openapi.json",
            remedy="correct the method or the path",
        )
        return _refusing(refused, dict(error.headers or {}))

    return app


class _Guard:
    """Refuses who may not ask, before the body is read."""

    def __init__(self, app: ASGIApp, scoring: Scoring) -> None:
        self.app, self.scoring = app, scoring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = _refusal(self.scoring, Request(scope)) if scope["type"] == "http" else None
        await (_refusing(refused) if refused else self.app)(scope, receive, send)


def _refusal(scoring: Scoring, request: Request) -> Refused | None:
    headers, needs_token = request.headers, request.url.path.startswith(("/predict", "/openapi.json"))
    if access.is_foreign(headers, local=scoring.local):
        return Refused(403, access.NOT_LOCAL, expected="a request to 127.0.0.1", remedy="ask from this machine")
    if request.method == "POST" and "origin" in headers:
        return Refused(
            403, "a request from a web page", expected="a request from a program", remedy="ask from a server"
        )
    if scoring.token is not None and needs_token and not access.knows(headers.get("authorization", ""), scoring.token):
        return Refused(
            401,
            "no token, or another one",
            expected="the header Authorization: Bearer TOKEN",
            remedy="send the value of DRIFTLOOP_TOKEN",
        )
    return None


async def _predict(scoring: Scoring, model: str, request: Request) -> Response:
    place = scoring.champions.places.get(model)
    if place is None:
        return _refusing(_no_model(model, tuple(scoring.champions.places)))
    begun, rows = time.perf_counter(), 0
    try:
        kind = bodies.body_kind(request.headers.get("content-type", ""))
        bodies.unpacked(request.headers.get("content-encoding", ""))
        if place.loaded is None:
            raise Refused(
                503,
                f"{model} has no version to serve: {place.problem or place.state}",
                expected="a version with the alias 'champion' that can be loaded",
                remedy="see /health; `driftloop check` trains the first version",
            )
        async with _received(scoring, request) as body:
            begun = time.perf_counter()
            loop = asyncio.get_running_loop()
            scored, content = await loop.run_in_executor(scoring.workers, _score, place, kind, body)
        scoring.answers.put(scored)
        response, rows = Response(content, media_type=kind), scored.rows
    except Refused as refused:
        response = _refusing(refused)
    except (ServingError, DriftloopError) as error:
        log.error("%s: a request failed: %s", model, error)  # noqa: TRY400
        response = _refusing(Refused(500, error.found, expected=error.expected, remedy=error.remedy))
    except Exception as error:
        log.exception("%s: a request failed", model)
        found = f"an unexpected error: {type(error).__name__}"
        response = _refusing(Refused(500, found, expected="a prediction", remedy="see the log of driftloop score"))
    scoring.numbers.answered(model, response.status_code, time.perf_counter() - begun, rows)
    return response


def _score(place: Place, kind: str, body: bytes) -> tuple[Scored, bytes]:
    assert place.loaded is not None
    scored = canary.score(place.loaded, place.canary, kind, body)
    return scored, scored.answer(kind)


@asynccontextmanager
async def _received(scoring: Scoring, request: Request) -> AsyncIterator[bytes]:
    """The body of a request; `Refused` if it or all bodies are too large, or if it does not arrive in time."""
    stated, size = request.headers.get("content-length", ""), 0
    parts: list[bytes] = []
    _refuse_large(int(stated) if stated.isdecimal() and len(stated) < 20 else 0)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                parts.append(part)
                size, scoring.held = size + len(part), scoring.held + len(part)
                _refuse_large(size)
                if scoring.held > MOST_HELD:
                    raise Refused(
                        503,
                        "too many requests at a time",
                        expected=f"at most {MOST_HELD:,} bytes of bodies that wait for an answer",
                        remedy="repeat the request after the time of the header Retry-After",
                    )
        yield b"".join(parts)
    except TimeoutError:
        raise Refused(
            408,
            f"a body that had not arrived after {BODY_SECONDS:.0f} s",
            expected="a whole body in time",
            remedy="send fewer rows per request",
        ) from None
    finally:
        scoring.held -= size


def _refuse_large(size: int) -> None:
    if size > refusals.LARGEST_BODY:
        raise Refused(
            413,
            "a larger body than the limit",
            expected=f"at most {refusals.LARGEST_BODY:,} bytes",
            remedy="send several requests with fewer rows each",
        )


def _no_model(model: str, known: tuple[str, ...]) -> Refused:
    return Refused(
        404,
        f"there is no model {model[:200]!r}.{suggestion(model, known)}",
        expected=f"one of {', '.join(sorted(known)[:20])}" if known else "a model of the configs; there is none",
        remedy="correct the name in the path",
    )


def _refusing(refused: Refused, headers: dict[str, str] | None = None) -> Response:
    body = {"found": refused.found, "expected": refused.expected, "fix": refused.remedy}
    return _json(refused.status, body, {**HEADERS.get(refused.status, {}), **(headers or {})})


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, bodies.JSON)
