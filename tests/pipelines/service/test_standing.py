"""What late, silent and hung mean, and how health and metrics show them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.schedule import Schedule
from pipelines.service.health import health
from pipelines.service.metrics import GAUGES, metrics
from pipelines.service.roster import Broken
from pipelines.service.standing import Last, Standing, last_of
from tests.told import made

SIX = datetime(2026, 1, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY, ARRIVALS = Schedule(cron="0 6 * * *"), Schedule(on={"arrival": "*.csv"})


def standing(schedule: Schedule = DAILY, **more: object) -> Standing:
    """A model whose last check began at six, when it was due."""
    known = Standing(model="m", file="m.yaml", schedule=schedule, watched_since=SIX - HOUR)
    return replace(known, **{"last": Last(outcome="steady", reason="fine", started=SIX), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "after", "silent"),
    [
        (DAILY, timedelta(hours=24), False),
        (DAILY, timedelta(hours=25), False),
        (DAILY, timedelta(hours=25, seconds=1), True),
        (Schedule(cron="0 6 * * *", silence="10m"), timedelta(hours=24, minutes=11), True),
        (Schedule(cron="0 6 * * mon"), timedelta(days=7, minutes=59), False),
        (Schedule(every="6h"), timedelta(hours=7), False),
        (Schedule(every="6h"), timedelta(hours=7, seconds=1), True),
        (ARRIVALS, timedelta(days=1000), False),
        (Schedule(on={"arrival": "*.csv"}, silence="2d"), timedelta(days=2), False),
        (Schedule(on={"arrival": "*.csv"}, silence="2d"), timedelta(days=2, seconds=1), True),
    ],
)
def test_silence_is_later_than_the_schedule_allows(schedule: Schedule, after: timedelta, silent: bool) -> None:
    """An hour after it was due, or what the config says; of arrivals alone only where the config says."""
    assert standing(schedule).silent(SIX + after) is silent


def test_before_the_first_check_silence_counts_from_the_watch() -> None:
    """A model that never ran is not silent at once, and is when its first check does not come."""
    new = standing(last=None, watched_since=SIX + HOUR)
    assert not new.silent(SIX + 2 * HOUR)
    assert new.silent(SIX + 26 * HOUR)


def test_a_check_that_runs_is_not_silent_but_may_hang() -> None:
    """Running for longer than `longest` is hung; exactly as long is not; while it runs there is no silence."""
    running = standing(running_since=SIX + 24 * HOUR)
    assert not running.silent(SIX + 29 * HOUR)
    assert not running.hung(SIX + 30 * HOUR)
    assert running.hung(SIX + 30 * HOUR + timedelta(seconds=1))


def test_health_is_503_when_a_model_is_overdue_or_hangs() -> None:
    """One silent model of two is enough; the body says which, by how much, and when the next one is due."""
    fine, late = standing(), standing(model="late", last=Last(outcome="held", reason="w", started=SIX - 48 * HOUR))
    now = SIX + HOUR
    assert health([fine], [], now)[0] == 200
    status, body = health([fine, late], [], now)
    told = {model["model"]: model for model in json.loads(json.dumps(body))["models"]}
    assert (status, body["status"]) == (503, "overdue")
    assert (told["m"]["overdue"], told["late"]["overdue"]) == (False, True)
    assert told["late"]["lag_seconds"] == 25 * 3600
    assert told["m"]["last_check"]["outcome"] == "steady"
    assert health([standing(running_since=SIX)], [], SIX + 10 * HOUR)[0] == 503


def test_a_broken_file_is_told_and_is_no_503() -> None:
    """The model goes on by its last good state, and health says so."""
    broken = Broken(file="m.yaml", why="line 3: no", model="m")
    status, body = health([standing(broken="line 3: no")], [broken], SIX)
    assert status == 200
    assert body["broken"] == [{"file": "m.yaml", "why": "line 3: no", "model": "m"}]
    assert body["models"][0]["config_error"] == "line 3: no"
    nothing = {"status": "stopping", "now": SIX.isoformat(), "models": [], "broken": []}
    assert health([], [], SIX, stopping=True) == (200, nothing)


def test_an_early_exit_keeps_the_numbers_of_the_judged_check() -> None:
    """Drift share and loss do not vanish from the metrics because a window had no rows."""
    judged = last_of(made(drift_share=0.4))
    early = last_of(made(outcome="no_data", reason="no rows"), judged)
    assert (early.outcome, early.drift_share) == ("no_data", 0.4)
    assert last_of(made(drift_share=None), judged).drift_share is None


def test_metrics_are_what_prometheus_reads() -> None:
    """Every gauge has its line where its number is known, and none where it is not; counts end in _total."""
    last = Last(outcome="steady", reason="r", started=SIX, seconds=2.5, waited_seconds=0.5, drift_share=0.25, loss=1.5)
    known = standing(
        last=last, champion_newest=SIX - HOUR, next=SIX + 24 * HOUR, ends={"steady": 3, "held": 1}, missed=2, overrun=1
    )
    families = text_string_to_metric_families(metrics([known, standing(model="new", last=None)], SIX + HOUR).decode())
    lines = {(line.name, *sorted(line.labels.values())): line.value for f in families for line in f.samples}
    assert {f"driftloop_{name}" for name, *_ in GAUGES} <= {name for name, *_ in lines}
    assert lines["driftloop_drift_share", "m"] == 0.25
    assert lines["driftloop_loss", "m"] == 1.5
    assert lines["driftloop_champion_age_seconds", "m"] == 7200
    assert lines["driftloop_check_seconds", "m"] == 2.5
    assert lines["driftloop_check_lag_seconds", "m"] == 0
    assert lines["driftloop_checks_total", "m", "steady"] == 3
    assert lines["driftloop_checks_left_out_total", "m", "missed"] == 2
    assert ("driftloop_drift_share", "new") not in lines
