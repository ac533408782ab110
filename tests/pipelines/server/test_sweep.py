"""The sweep: what an event did not start is started, once for each attempt, and what is hopeless is given up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Crashed

from driftloop.monitoring.ledger import Claim, Ledger, Request
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server import sweep as module
from driftloop.pipelines.server.server import deploy
from driftloop.pipelines.server.sweep import StartedRun, sweep
from tests.conftest import Model
from tests.streams import day

Make = Callable[..., Model]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


@pytest.fixture
def request_id(model: Make, ledger: Ledger) -> str:
    """A request for a deployed model that no one works on: its event was lost."""
    made = model()
    deploy([load(made.file)], "a pool without workers", timedelta(hours=1))
    return asked(ledger, made.name)


def asked(ledger: Ledger, model: str) -> str:
    request_id, span = uuid.uuid4().hex[:16], Window(start=day(0), end=day(21))
    ledger.request(Request(request_id=request_id, model=model, champion=None, window=span, now=day(21), reason="drift"))
    return request_id


def swept(request_id: str, grace_seconds: float = 0) -> list[StartedRun]:
    """What a sweep has started for this request; requests of other tests are in the same ledger."""
    return [one for one in sweep(grace_seconds=grace_seconds) if one.request_id == request_id]


def crash(flow_run_id: str) -> None:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(flow_run_id), Crashed(message="out of memory"), force=True)


def test_each_attempt_at_a_request_is_started_once(request_id: str, ledger: Ledger) -> None:
    """A run that waits for a worker is ignored; after its death there is one more, and never two at a time."""
    with ledger.holding("sweep", waiting=None):
        assert swept(request_id) == [], "another sweep is running"
    (first,) = swept(request_id)
    assert swept(request_id) == []
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(first.flow_run_id))
    assert run.parameters["request_id"] == request_id
    assert (run.idempotency_key, f"request:{request_id}" in run.tags) == (f"{request_id}#1", True)
    crash(first.flow_run_id)
    (second,) = swept(request_id)
    assert (second.attempt, second.flow_run_id != first.flow_run_id) == (2, True)
    assert swept(request_id) == []


def test_an_event_has_its_time_and_a_worker_its_work(request_id: str, ledger: Ledger) -> None:
    """Nothing is started within the grace, nor while someone holds the claim, nor for a request at its end."""
    assert swept(request_id, grace_seconds=60) == []
    with ledger.hold_request(request_id, waiting=None) as claim:
        assert isinstance(claim, Claim)
        assert swept(request_id) == []
    ledger.fail(request_id, "no rows")
    assert swept(request_id) == []


def test_a_request_of_a_model_that_is_not_deployed_is_left_unchanged(prefect: None, ledger: Ledger) -> None:
    """It belongs to a process that trains by itself."""
    name = f"m{uuid.uuid4().hex[:8]}"
    request_id = asked(ledger, name)
    assert swept(request_id) == []
    assert [one.request_id for one in ledger.open_requests(name)] == [request_id]
    ledger.fail(request_id, "end of the test")


def test_a_request_whose_runs_never_come_to_work_is_given_up(
    request_id: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After this many dead runs it is failed with the final outcome of the last one, and may be asked for again."""
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    for _ in range(2):
        (taken,) = swept(request_id)
        crash(taken.flow_run_id)
    assert swept(request_id) == []
    assert "2 runs of training/" in str(ledger.failure(request_id))
    assert "out of memory" in str(ledger.failure(request_id))
    again = ledger.find_request(request_id)
    ledger.request(again)
    (taken,) = swept(request_id)
    assert taken.attempt == 3
    ledger.fail(request_id, "end of the test")


def test_a_run_that_died_on_its_way_holds_nothing_up(
    request_id: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is pending for long and never stated whose it is, is ended, and the next attempt begins."""
    (first,) = swept(request_id)
    with get_client(sync_client=True) as client:
        from prefect.states import Pending

        client.set_flow_run_state(UUID(first.flow_run_id), Pending(), force=True)
    assert swept(request_id) == []
    monkeypatch.setattr(module, "SILENT", timedelta())
    (second,) = swept(request_id)
    assert second.attempt == 2
    with get_client(sync_client=True) as client:
        state: Any = client.read_flow_run(UUID(first.flow_run_id)).state
    assert (state.name, "never started" in state.message) == ("Crashed", True)
