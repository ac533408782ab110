"""What a check leaves in Prefect: a name, tags and a message that a list of runs can be read by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from prefect import flow, runtime
from prefect.client.orchestration import get_client

from driftloop.monitoring.records import Window
from driftloop.pipelines.registry import flow_runs
from tests.streams import day

pytestmark = pytest.mark.usefixtures("prefect")


def test_a_run_is_named_by_model_and_window_and_keeps_every_tag() -> None:
    """Model, request and outcome are added one after the other, and the owner's tag stays."""
    ids: list[str] = []

    @flow(name="one")
    def one() -> None:
        ids.append(str(runtime.flow_run.id))
        window = Window(start=day(1), end=day(8))
        flow_runs.works_on("taxi", flow_runs.ended_at(window))
        flow_runs.tag_request("r7", "another")

    with flow_runs.owned():
        one()
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(ids[0]))
    assert run.name == "taxi 2026-01-09"
    assert {flow_runs.owner_tag(), "model:taxi", "request:r7"} <= set(run.tags)
    assert run.labels["driftloop.model"] == "taxi"
    assert run.labels["driftloop.request_id"] == "r7"


def test_the_final_state_has_the_verdict_and_the_caller_the_result() -> None:
    """A flow that calls it, and Prefect's pages, each get what they need."""

    @flow(name="inner")
    def inner() -> Any:
        return flow_runs.completed("steady: " + "all is well " * 200, {"outcome": "steady"})

    @flow(name="outer")
    def outer() -> Any:
        return inner()

    assert inner() == {"outcome": "steady"}
    assert outer() == {"outcome": "steady"}
    state: Any = inner(return_state=True)
    assert state.is_completed()
    assert state.message.startswith("steady: all is well")
    assert len(state.message) <= 1000
