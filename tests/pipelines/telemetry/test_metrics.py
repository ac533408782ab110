"""`GET /metrics`: one line for each number that is known, as Prometheus reads it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from driftloop.monitoring.records import ColumnScore, MetricValue
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.telemetry.metrics import GAUGES, metrics
from driftloop.pipelines.telemetry.model_status import Last, ModelStatus

SIX = datetime(2026, 1, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(**more: object) -> ModelStatus:
    """A model whose last check began at six, when it was due."""
    known = ModelStatus(model="m", file="m.yaml", schedule=Schedule(cron="0 6 * * *"), watched_since=SIX - HOUR)
    return replace(known, **{"last": Last(outcome="steady", reason="fine", started=SIX), **more})  # type: ignore[arg-type]


def lines_of(*statuses: ModelStatus, now: datetime = SIX) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics(statuses, now).decode())
    return {(line.name, *sorted(line.labels.values())): line.value for f in families for line in f.samples}


def test_metrics_are_what_prometheus_reads() -> None:
    """Every gauge has its line where its number is known, and none where it is not; counts end in _total."""
    numbers = {
        "drift_share": 0.25,
        "loss": 1.5,
        "reference_loss": 1.0,
        "drift_at": SIX,
        "loss_at": SIX,
        "standing": "worse",
        "shadow_windows": 1,
    }
    last = Last(outcome="steady", reason="r", started=SIX, seconds=2.5, waited_seconds=0.5, **numbers)
    known = standing(
        last=last,
        champion_newest=SIX - HOUR,
        aged=True,
        newest_row=SIX,
        next=SIX + 24 * HOUR,
        ends={"steady": 3, "held": 1},
        missed=2,
        overrun=1,
    )
    families = text_string_to_metric_families(metrics([known, standing(model="new", last=None)], SIX + HOUR).decode())
    lines = {(line.name, *sorted(line.labels.values())): line.value for f in families for line in f.samples}
    assert {f"driftloop_{gauge.name}" for gauge in GAUGES} <= {name for name, *_ in lines}
    assert lines["driftloop_drift_share", "m"] == 0.25
    assert lines["driftloop_loss", "m"] == 1.5
    assert lines["driftloop_loss_worse", "m"] == 1
    assert lines["driftloop_loss_timestamp_seconds", "m"] == SIX.timestamp()
    assert lines["driftloop_champion_age_seconds", "m"] == 7200
    assert lines["driftloop_check_seconds", "m"] == 2.5
    assert lines["driftloop_check_lag_seconds", "m"] == 0
    assert lines["driftloop_checks_total", "m", "steady"] == 3
    assert lines["driftloop_checks_left_out_total", "m", "missed"] == 2
    assert ("driftloop_drift_share", "new") not in lines


@pytest.mark.parametrize(("loss", "shown"), [(math.nan, False), (math.inf, True), (0.0, True)])
def test_a_number_that_is_none_has_no_line(loss: float, shown: bool) -> None:
    """NaN is left out, because an alert on it never fires; an infinite loss is shown, so that one on it does."""
    lines = lines_of(standing(last=Last(outcome="steady", reason="r", started=SIX, loss=loss)))
    assert (lines.get(("driftloop_loss", "m")) == loss) is shown
    assert ("driftloop_loss", "m") in lines or not shown


def test_each_metric_has_a_line_with_its_reference() -> None:
    """The value and the reference have the same labels; one that could not be computed has neither."""
    measured = tuple(
        MetricValue(metric=name, better="lower", value=value, reference=reference, rows=500)
        for name, value, reference in (("rmse", 2.0, 1.5), ("r2", None, None), ("bias", 0.5, None))
    )
    lines = lines_of(standing(last=Last(outcome="steady", reason="r", started=SIX, metrics=measured)))
    assert {key: value for key, value in lines.items() if key[0].startswith("driftloop_metric")} == {
        ("driftloop_metric", "m", "rmse"): 2.0,
        ("driftloop_metric_reference", "m", "rmse"): 1.5,
        ("driftloop_metric", "bias", "m"): 0.5,
    }


def test_counts_grow_and_never_start_missing() -> None:
    """A model without any check has zero checks left out: `increase()` needs a first value."""
    lines = lines_of(standing(last=None))
    assert lines["driftloop_checks_left_out_total", "m", "missed"] == 0
    assert lines["driftloop_checks_left_out_total", "m", "overrun"] == 0


def test_every_gauge_has_a_help_text_and_a_name_of_its_own() -> None:
    """What Prometheus shows next to a number is a sentence; no two numbers share a name."""
    names = [gauge.name for gauge in GAUGES]
    assert len(set(names)) == len(names)
    text = metrics([standing()], SIX).decode()
    for gauge in GAUGES:
        assert gauge.about.endswith(".")
        assert f"# HELP driftloop_{gauge.name} {gauge.about}" in text


def test_each_column_has_its_score_and_threshold() -> None:
    """The newest that were measured; a score that could not be computed has no line."""

    def score(name: str, value: float) -> ColumnScore:
        method = "evidently:ks" if name == "p" else "ks"
        return ColumnScore(
            name=name, role="feature", kind="numeric", method=method, score=value, threshold=0.1, drifted=value > 0.1
        )

    columns = score("fare", 0.25), score("km", math.nan), score("p", 0.05)
    last = Last(outcome="steady", reason="r", started=SIX, columns=columns)
    lines = lines_of(standing(last=last))
    assert lines["driftloop_column_drift", "fare", "m"] == 0.25
    assert lines["driftloop_column_drift_threshold", "fare", "m"] == 0.1
    assert lines["driftloop_column_drift_ratio", "fare", "m"] == 2.5
    assert lines["driftloop_column_drift_ratio", "m", "p"] == 2, "a p-value of half its threshold"
    assert ("driftloop_column_drift", "km", "m") not in lines
    assert ("driftloop_column_drift_ratio", "km", "m") not in lines
