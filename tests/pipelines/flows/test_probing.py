"""The live probe: asked for by a trigger, measured on rows that neither model has seen, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Learned, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

KNOWN = Learned(batch_loss=1.0, age_gap=(0.0, 0.1), handicap=0.05, batches=5)


def nested(check: Check) -> list[Any]:
    """The probes under the check's MLflow run."""
    found = registry.client().search_runs(
        [registry.experiment(check.model)],
        f"tags.`driftloop.kind` = 'probe' and tags.`mlflow.parentRunId` = '{check.mlflow_run_id}'",
    )
    return list(found)


def test_a_probe_is_made_when_it_is_asked_for_and_decides(model: Callable[..., Model]) -> None:
    """Quiet weeks need none; new answers are probed, and retrained once a fresh model is known to know them.

    The week in which the answers changed is probed by a model that has not seen them either: nothing to gain. A week
    later the probe has learned from the changed week, and what it wins is a reason.
    """
    made = model(
        stream(56, concept_shift_at=35),
        training__window="7d",
        training__holdout="2d",
        training__refit=False,
        policies__triggers=[{"policy": "recoverable_loss", "cost": {"retrain": 5.0}}],
    )
    made.check(day(21))
    ledger = Ledger(home.ledger_url())
    ledger.learn(made.name, KNOWN, day(21))
    quiet = made.check(day(28))
    assert (quiet.outcome, quiet.probe) == (Outcome.STEADY, None), quiet.reason
    assert quiet.age_batches == pytest.approx(9 / 7, abs=0.05), "two days of holdout and the week itself"
    struck = made.check(day(42))
    assert struck.probe is not None
    assert struck.probe.handicap == KNOWN.handicap
    won = struck.probe.champion_loss - struck.probe.probe_loss
    assert struck.probe.gap == pytest.approx(won + KNOWN.handicap)
    assert struck.decision == "wait", struck.reason
    later = made.check(day(49))
    assert later.probe is not None
    assert later.probe.gap > 5
    assert later.decision == "retrain"
    assert [event.payload["gap"] for event in ledger.events(made.name, kinds=["probe"])] == [
        later.probe.gap,
        struck.probe.gap,
    ]
    (run,) = nested(later)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["gap"] == later.probe.gap
    assert run.data.metrics["window_rows"] > 700
    with get_client(sync_client=True) as client:
        flow = FlowRunFilter(id={"any_": [later.prefect_flow_run_id]})
        tasks = client.read_task_runs(flow_run_filter=flow)
    assert [task.state.name for task in tasks if task.name.startswith("probe")] == ["Completed"]
    assert later.outcome is Outcome.PROMOTED, later.reason
    known = ledger.learned(made.name)
    assert known is not None
    assert known.handicap != KNOWN.handicap
    assert known.batch_loss != KNOWN.batch_loss
    assert known.batches == KNOWN.batches + 3, "three checks of the champion that left"


def test_a_probe_that_cannot_be_made_is_a_finding(model: Callable[..., Model]) -> None:
    """The check goes on without it and gives the reason; a dry run that can make it leaves nothing in MLflow."""
    made = model(
        stream(42, concept_shift_at=28),
        training__params={"n_estimators": 10},
        policies__triggers=[{"policy": "gated_probe_debt"}],
    )
    made.check(day(21))
    before = len(registry.client().search_runs([registry.experiment(made.name)]))
    dry = made.check(day(42), dry_run=True)
    assert dry.probe is not None
    assert len(registry.client().search_runs([registry.experiment(made.name)])) == before
    made.given(training__min_rows=100_000)
    check = made.check(day(42))
    assert (check.outcome, check.probe) == (Outcome.STEADY, None)
    (text,) = [finding.message for finding in check.findings if finding.code == "no_probe"]
    assert "labeled training rows" in text
    (run,) = nested(check)
    assert run.info.status == "FAILED"
    assert "labeled training rows" in run.data.tags["driftloop.error"]
