"""Which events a check and a retrain give, under which names, about what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prefect.events.schemas.events import Event as PrefectEvent

from driftloop.monitoring.policies import POLICIES
from driftloop.monitoring.records import DRIFT, Vote
from driftloop.pipelines.notify import events
from tests.outcomes import composed, drifted_column, fired, hold, made, retrain


def names(check: Any) -> list[str]:
    return [event.name.removeprefix("driftloop.") for event in events.of_check(check)]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (made(), ["check.finished"]),
        (made(outcome="no_data", decision=None), ["check.finished"]),
        (made(drift_share=0.49), ["check.finished"]),
        (made(drift_share=0.5), ["check.finished", "drift.detected"]),
        (made(drift_share=0.1, votes=[fired("drift_share")]), ["check.finished", "drift.detected"]),
        (made(drift_share=0.1, votes=[fired("auto_quantile")]), ["check.finished", "drift.detected"]),
        (made(drift_share=0.0, votes=[fired("performance_drop")]), ["check.finished"]),
        (made(outcome="promoted", decision="retrain", retrain=retrain()), ["check.finished"]),
        (made(outcome="awaiting_approval", decision="retrain"), ["check.finished"]),
        (made(outcome="needed_elsewhere", decision="retrain"), ["check.finished", "retrain.needed"]),
        (made(outcome="failed", reason="OSError: full", decision=None), ["check.failed"]),
    ],
)
def test_a_check_reports_what_happened(check: Any, expected: list[str]) -> None:
    """Finished or failed first, then drift. The retrain that it asked for was reported when it was asked for."""
    assert names(check) == expected


DRIFTED, STEADY_LOSS = fired("drift_share"), hold("performance_drop")


@pytest.mark.parametrize("policy", [name for name, kind in POLICIES.items() if kind.declares & DRIFT])
def test_every_policy_that_reads_drift_detects_it(policy: str) -> None:
    """A rule on drift that fires is an event whatever it is called; what fires without reading drift is none."""
    assert names(made(votes=[fired(policy)])) == ["check.finished", "drift.detected"]
    others = [name for name, kind in POLICIES.items() if not kind.declares & DRIFT]
    assert all(names(made(votes=[fired(name)])) == ["check.finished"] for name in others)


@pytest.mark.parametrize(
    ("votes", "detected"),
    [
        ([composed("any_of", "fire", DRIFTED, STEADY_LOSS)], True),
        ([composed("k_of_n", "fire", composed("all_of", "fire", fired("auto_quantile"), fired("cara")))], True),
        ([composed("any_of", "fire", fired("performance_drop"), hold("drift_share"))], False),
        ([composed("k_of_n", "hold", DRIFTED)], False),
        ([composed("all_of", "hold", DRIFTED, STEADY_LOSS)], False),
        ([composed("any_of", "hold", hold("drift_share")), fired("auto_quantile")], True),
        ([fired("a_rule_that_has_been_removed")], False),
    ],
)
def test_drift_within_a_composition_is_detected(votes: list[Vote], detected: bool) -> None:
    """A composition that fires by a member on drift has found drift; one that waits, or fires by others, has not."""
    assert events.drifted(made(drift_share=0.0, votes=votes), 0.5) is detected


def test_no_drift_is_no_drift_at_any_share() -> None:
    """A share of nothing is not at or above a threshold of nothing."""
    assert not events.drifted(made(drift_share=0.0), 0.0)
    assert not events.drifted(made(drift_share=None), 0.0)


def test_a_challenger_is_promoted_or_rejected_or_was_never_there() -> None:
    """Where nothing could be trained no model was rejected."""
    (promoted,) = events.of_retrain("m", retrain())
    (rejected,) = events.of_retrain("m", retrain(promoted=False, version=None))
    (awaits,) = events.of_retrain("m", retrain(promoted=False, code="awaiting_approval"))
    assert (promoted.name, rejected.name) == (events.MODEL_PROMOTED, events.MODEL_REJECTED)
    assert awaits.name == events.MODEL_AWAITING
    codes = ("shadowing", "shadow_unproven")
    shadow = [events.of_retrain("m", retrain(promoted=False, code=code))[0].name for code in codes]
    assert shadow == [events.MODEL_SHADOWING, events.MODEL_REJECTED]
    both = events.of_retrain("m", retrain(code="rolled_back"))
    assert [one.name for one in both] == [events.MODEL_PROMOTED, events.MODEL_ROLLED_BACK]
    assert events.of_retrain("m", retrain(promoted=False, version=None, challenger_loss=None)) == ()


def test_events_are_what_prefect_takes() -> None:
    """Resource and related resources carry the ids and roles of Prefect's conventions; the payload is plain JSON."""
    check = made(drift_share=1.0, columns=[drifted_column("speed")], decision="retrain", retrain=retrain())
    asked = events.of_request(check, "r1")
    for event in (asked, *events.of_check(check), *events.of_retrain("m", retrain(), "def")):
        taken = PrefectEvent(
            event=event.name,
            resource=event.resource,
            related=list(event.related),
            payload=json.loads(json.dumps(event.payload)),
        )
        assert taken.resource.id == "driftloop.model.m"
        roles = {related.role: related.id for related in taken.related}
        assert roles["flow-run"] == "prefect.flow-run.def"
        assert roles["model-version"].startswith("driftloop.model-version.m.")
        assert roles["mlflow-run"].startswith("mlflow.run.")
    finished, drift = events.of_check(check)
    assert drift.payload["drifted_columns"] == ["speed"]
    assert asked.payload["request_id"] == "r1"
    assert "request_id" not in finished.payload


def test_what_is_not_there_is_not_related() -> None:
    """A check that failed before it had a champion or an MLflow run names neither."""
    check = made(outcome="failed", champion=None, mlflow_run_id=None)
    assert [one["prefect.resource.role"] for one in events.of_check(check)[0].related] == ["flow-run"]
