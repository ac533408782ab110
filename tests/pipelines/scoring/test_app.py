"""What a request over HTTP gets: predictions, refusals, status, all as the OpenAPI description states."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.scoring import app, refusals
from driftloop.pipelines.scoring.bodies import ARROW
from driftloop.pipelines.scoring.champions import Place
from driftloop.pipelines.scoring.loaded import Loaded
from tests.pipelines.scoring.conftest import HOUR, ROW, Api
from tests.pipelines.scoring.test_bodies import stream_of

Make = Callable[..., Loaded]
MakeApi = Callable[..., Api]


def test_rows_are_predicted_logged_and_counted(make_loaded: Make, make_api: MakeApi) -> None:
    """In JSON and in Arrow, by the version that serves, with a prediction id per row."""
    api = make_api(make_loaded())
    status, answer = api.predict([ROW, {**ROW, "amount": None}])
    assert (status, answer["version"], len(answer["predictions"])) == (200, "3", 2)
    table = pa.Table.from_pylist([ROW, ROW])
    status, headers, content = api.ask("POST", "/predict/made", stream_of(table), {"content-type": ARROW})
    assert (status, headers["content-type"]) == (200, ARROW)
    by_arrow = pa.ipc.open_stream(content).read_all()
    assert by_arrow.column("prediction")[0].as_py() == answer["predictions"][0]["prediction"]
    assert api.answers.queued == 4
    metrics = api.ask("GET", "/metrics")[2].decode()
    assert 'driftloop_score_requests_total{model="made",status="200"} 2.0' in metrics
    assert 'driftloop_score_rows_total{model="made"} 4.0' in metrics
    assert 'driftloop_score_version{model="made",version="3"} 1.0' in metrics


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200), ("GET", "/ready", 200), ("GET", "/metrics", 200), ("GET", "/openapi.json", 200),
        ("HEAD", "/ready", 200),
        ("GET", "/predict/made", 405), ("POST", "/health", 405), ("GET", "/", 404), ("GET", "/docs", 404),
        ("POST", "/predict/mad", 404), ("POST", "/predict/../health", 404), ("POST", "/predict/", 404),
    ],
)  # fmt: skip
def test_each_path_has_its_status(make_loaded: Make, make_api: MakeApi, method: str, path: str, status: int) -> None:
    """Refusals are JSON with what was found, what was expected and how to fix it."""
    found, headers, content = make_api(make_loaded()).ask(method, path)
    assert found == status
    if status >= 400:
        assert set(json.loads(content)) == {"found", "expected", "fix"}
        assert headers["content-type"] == "application/json"


def test_a_bad_request_is_refused_with_the_reason(make_loaded: Make, make_api: MakeApi) -> None:
    """The model nearest in name, the column, the type of the body."""
    api = make_api(make_loaded())
    assert "Did you mean 'made'?" in json.loads(api.ask("POST", "/predict/mode")[2])["found"]
    assert api.predict([{**ROW, "speed": "fast"}]) == (
        422,
        {
            "found": "row 0: speed is 'fast'",
            "expected": "a number or null in speed",
            "fix": "correct the value, or send null for a missing one",
        },
    )
    assert api.predict([ROW], **{"content-type": "text/plain"})[0] == 415
    assert api.answers.queued == 0


def test_a_large_body_is_refused(make_loaded: Make, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its stated length before it is read, by its bytes otherwise; together with others too."""
    monkeypatch.setattr(refusals, "LARGEST_BODY", 200)
    api = make_api(make_loaded())
    assert api.predict([ROW], **{"content-length": "201"})[0] == 413
    assert api.predict([ROW], **{"content-length": "9" * 30})[0] == 200
    assert api.predict([ROW] * 5)[0] == 413
    monkeypatch.setattr(app, "MOST_HELD", 10)
    status, answer = api.predict([ROW])
    assert (status, answer["found"]) == (503, "too many requests at a time")
    assert api.scoring.held == 0


def test_a_slow_body_is_refused(make_loaded: Make, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute, here sooner."""
    monkeypatch.setattr(app, "BODY_SECONDS", 0.05)
    api, events = make_api(make_loaded()), []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(event: Any) -> None:
        events.append(event)

    scope = {"type": "http", "method": "POST", "path": "/predict/made", "headers": [(b"host", b"localhost")]}
    asyncio.run(api.app({**scope, "query_string": b"", "http_version": "1.1"}, receive, send))
    assert events[0]["status"] == 408


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic hush", "bearer hushhush", "Bearer ü"])
def test_predictions_need_the_token(make_loaded: Make, make_api: MakeApi, header: str) -> None:
    """And so does the description, which has names of columns; status and metrics do not."""
    api = make_api(make_loaded(), local=False, token="hush")
    headers = {"host": "example.org", "authorization": header}
    for method, path in (("POST", "/predict/made"), ("GET", "/openapi.json"), ("POST", "/predict/other")):
        status, more, _ = api.ask(method, path, b"[]", headers)
        assert (status, more["www-authenticate"]) == (401, "Bearer")
        assert api.ask(method, path, b"[]", {**headers, "authorization": "bearer hush"})[0] in (200, 404)
    for path in ("/health", "/ready", "/metrics"):
        assert api.ask("GET", path, b"", headers)[0] == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}, {"host": ""}]
)
def test_a_page_in_a_browser_gets_nothing(make_loaded: Make, make_api: MakeApi, headers: dict[str, str]) -> None:
    """Neither by a script on another site nor by a name that was pointed at this machine."""
    assert make_api(make_loaded()).predict([ROW], **headers)[0] == 403


def test_a_model_without_a_version_is_unavailable(make_loaded: Make, make_api: MakeApi) -> None:
    """With the reason, until there is one; an estimator that fails is an error of the server."""
    api, loaded = make_api(), make_loaded()
    api.champions.places = {"made": Place(loaded.project, "no_champion", None, "no version has the alias 'champion'")}
    status, answer = api.predict([ROW])
    assert (status, answer["found"]) == (503, "made has no version to serve: no version has the alias 'champion'")

    def failing(_: Any) -> Any:
        raise EstimatorError("Odd", "its prediction has shape (2,)", expected="one number", remedy="fix predict")

    class Odd(type(loaded.served)):  # type: ignore[misc]
        score = staticmethod(failing)

    odd = Odd(failing, numeric=loaded.numeric, levels=loaded.served.levels, classes=())
    odd_version = Loaded(loaded.project, loaded.config, loaded.version, odd, None, adopted=False)
    api.champions.places = {"made": Place(loaded.project, "serving", odd_version)}
    status, answer = api.predict([ROW])
    assert status == 500
    assert "shape (2,)" in answer["found"]


def test_the_end_is_announced(make_api: MakeApi) -> None:
    """A server that stops is not ready, so that no further requests are sent to it."""
    api = make_api()
    api.scoring.stopping = True
    assert api.ask("GET", "/ready")[0] == 503
    assert json.loads(api.ask("GET", "/health")[2])["status"] == "stopping"
    api.scoring.stopping, api.champions.ready = False, False
    assert api.ask("GET", "/ready")[0] == 503


@pytest.mark.parametrize(
    "changes", [{"columns__id": "order"}, HOUR, {"task": "binary"}], ids=["id", "derived", "classes"]
)
def test_answers_are_as_the_description_states(make_loaded: Make, make_api: MakeApi, changes: dict[str, Any]) -> None:
    """Schemathesis makes requests of the OpenAPI description, good and bad: no error of the server, no odd answer."""
    api, headers = make_api(make_loaded(**changes), local=False, token="hush"), {"Authorization": "Bearer hush"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app, headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.path for operation in operations} == {"/predict/made", "/health", "/ready", "/metrics"}
    answered = set()
    # The description cannot say which values an expression accepts.
    excluded = [positive_data_acceptance] if "columns__derived" in changes else []
    for operation in operations:
        for mode in GenerationMode if operation.method == "post" else [GenerationMode.POSITIVE]:

            @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(case=operation.as_strategy(generation_mode=mode))
            def answers(case: schemathesis.Case) -> None:
                answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
                answered.add((case.path, answer.status_code))

            answers()
    assert {("/health", 200), ("/predict/made", 200)} <= answered
