"""What late, silent and hung mean, and how health and metrics show them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from driftloop.monitoring.records import Check, MetricValue, Shadow
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.service.health import health
from driftloop.pipelines.service.roster import Broken
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import Last, ModelStatus, last_failed, last_of
from tests.outcomes import found, made
from tests.signals import performance
from tests.streams import day

SIX = datetime(2026, 1, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY, ARRIVALS = Schedule(cron="0 6 * * *"), Schedule(on={"arrival": "*.csv"})


def standing(schedule: Schedule = DAILY, **more: object) -> ModelStatus:
    """A model whose last check began at six, when it was due."""
    known = ModelStatus(model="m", file="m.yaml", schedule=schedule, watched_since=SIX - HOUR)
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
    """An hour after it was due, or what the config sets; of arrivals alone only where the config sets."""
    assert standing(schedule).silent(SIX + after) is silent


def test_before_the_first_check_silence_counts_from_the_watch() -> None:
    """A model that never ran is not silent immediately, and is when its first check does not come."""
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
    """One silent model of two is enough; the body states which, by how much, and when the next one is due."""
    fine, late = standing(), standing(model="late", last=Last(outcome="held", reason="w", started=SIX - 48 * HOUR))
    now = SIX + HOUR
    assert health([fine], [], now)[0] == 200
    status, body = health([fine, late], [], now)
    output = {model["model"]: model for model in json.loads(json.dumps(body))["models"]}
    assert (status, body["status"]) == (503, "overdue")
    assert (output["m"]["overdue"], output["late"]["overdue"]) == (False, True)
    assert output["late"]["lag_seconds"] == 25 * 3600
    assert output["m"]["last_check"]["outcome"] == "steady"
    assert health([standing(running_since=SIX)], [], SIX + 10 * HOUR)[0] == 503


def test_a_broken_file_is_reported_and_is_no_503() -> None:
    """The model keeps using its last valid config, and health reports it."""
    broken = Broken(file="m.yaml", why="line 3: no", model="m")
    status, body = health([standing(broken="line 3: no")], [broken], SIX)
    assert status == 200
    assert body["broken"] == [{"file": "m.yaml", "why": "line 3: no", "model": "m"}]
    assert body["models"][0]["config_error"] == "line 3: no"
    nothing = {"status": "stopping", "now": SIX.isoformat(), "degraded": [], "models": [], "broken": []}
    services: dict[str, object] = {"processes": [], "owners": {}, "unowned": [], "problems": []}
    assert health([], [], SIX, stopping=True) == (200, {**nothing, "services": services})


def test_an_early_exit_keeps_the_numbers_of_the_judged_check() -> None:
    """Drift share and loss do not vanish from the metrics because a window had no rows."""
    judged = last_of(made(drift_share=0.4))
    early = last_of(made(outcome="no_data", reason="no rows"), judged)
    assert (early.outcome, early.drift_share) == ("no_data", 0.4)
    assert last_of(made(drift_share=None), judged).drift_share == 0.4


def test_numbers_keep_the_moment_at_which_they_were_measured() -> None:
    """Neither bad data, a failure, nor a window without labels takes a number away; its moment states its age."""
    judged = last_of(made(drift_share=0.4, performance=performance(8.0), now=day(7)))
    bad = last_of(made(outcome="bad_data", decision=None, now=day(14)), judged)
    unlabelled = last_of(made(drift_share=0.1, now=day(21)), last_failed("OSError: gone", day(15), bad))
    assert (unlabelled.drift_share, unlabelled.drift_at) == (0.1, day(21))
    assert (unlabelled.loss, unlabelled.loss_at, unlabelled.reference_loss) == (8.0, day(7), 8.0)


def test_a_new_champion_has_the_standing_of_none_before_it() -> None:
    """What was measured of the version that left proves nothing of the one that serves."""
    worse = last_of(made(performance=performance(12.0)))
    assert worse.standing == "worse"
    promoted = made(outcome="promoted", performance=performance(12.0), champion_after="4")
    assert last_of(promoted, worse).standing == "unknown"
    assert last_of(promoted, worse).not_well is None


@pytest.mark.parametrize(
    ("check", "named"),
    [
        (made(performance=performance(8.1)), None),
        (made(performance=performance(12.0)), "mae 12 (95% CI 12 to 12) is significantly worse: 50.0% above"),
        (made(outcome="bad_data", reason="a is lost", decision=None), "a is lost"),
        (made(outcome="failed", reason="OSError: gone"), "the check failed: OSError: gone"),
        (made(findings=[found("nulls", "error", "a")]), "errors in the data: nulls a"),
        (made(findings=[found("nulls", "warning", "a")]), None),
        (made(outcome="rejected", champion=None, champion_after=None, reason="worse"), "no champion: worse"),
        (made(outcome="no_data", reason="no rows", decision=None), None),
    ],
)
def test_what_is_wrong_with_a_model_is_named(check: Check, named: str | None) -> None:
    """Health and metrics show a model that is not well, with the reason, and answer 200: a restart would not help."""
    last = last_of(check)
    assert (last.not_well or "").count(named or "") > 0 if named else last.not_well is None
    status, body = health([standing(last=last)], [], SIX)
    assert (status, body["status"], body["degraded"]) == ((200, "degraded", ["m"]) if named else (200, "ok", []))
    assert f'driftloop_not_well{{model="m"}} {float(bool(named))}' in metrics([standing(last=last)], SIX).decode()


def test_rows_that_do_not_arrive_are_not_well() -> None:
    """One window without rows is a late file; the second in a row is not, also where rows were met again between."""
    first = last_of(made(outcome="no_data", reason="no rows", decision=None))
    again = last_of(made(outcome="already_checked", reason="again", decision=None), first)
    second = last_of(made(outcome="too_few_rows", reason="3 rows", decision=None), again)
    assert (first.not_well, again.not_well, second.not_well) == (
        None,
        None,
        "2 checks in a row without enough rows: 3 rows",
    )
    assert last_of(made(), second).not_well is None


def measured(**more: object) -> MetricValue:
    known: dict[str, object] = {"metric": "roc_auc", "better": "higher", "value": 0.72, "rows": 900, "reference": 0.8}
    return MetricValue.model_validate(known | more)


def lines(last: Last | None) -> dict[str, dict[str, float]]:
    """The families of metrics next to the loss, by name and label, as Prometheus reads them."""
    text = metrics([standing(last=last), standing(model="new", last=None)], SIX).decode()
    families = {one.name: one for one in text_string_to_metric_families(text)}
    names = ("driftloop_metric", "driftloop_metric_reference")
    assert all(sample.labels["model"] == "m" for name in names for sample in families[name].samples)
    return {name: {sample.labels["metric"]: sample.value for sample in families[name].samples} for name in names}


def test_each_metric_has_a_line_with_its_reference() -> None:
    """Names keep their parameters; without a value or a reference there is no line; a model never checked has none."""
    some = (
        measured(),
        measured(metric="precision(0.3)", value=0.5, reference=None),
        measured(metric="recall", value=None, reason="one class"),
    )
    found = lines(last_of(made(performance=performance(8.0), metrics=some)))
    assert found["driftloop_metric"] == {"roc_auc": 0.72, "precision(0.3)": 0.5}
    assert found["driftloop_metric_reference"] == {"roc_auc": 0.8, "recall": 0.8}
    assert lines(last_of(made())) == {"driftloop_metric": {}, "driftloop_metric_reference": {}}


def test_metrics_stay_until_they_are_measured_again() -> None:
    """A check without labels, bad data and a failure keep them; a check with labels replaces all of them."""
    judged = last_of(made(performance=performance(8.0), metrics=(measured(),)))
    bad = last_of(made(outcome="bad_data", decision=None), judged)
    assert lines(last_failed("OSError: gone", day(15), bad))["driftloop_metric"] == {"roc_auc": 0.72}
    newer = last_of(made(performance=performance(8.0), metrics=(measured(metric="recall", value=0.4),)), bad)
    assert lines(newer)["driftloop_metric"] == {"recall": 0.4}


def test_a_challenger_in_shadow_has_a_line() -> None:
    """From the gate to the verdict, across checks that judged nothing."""
    values = {"version": "3", "champion": "2", "since": day(0), "most": 3, "margin": 0.0, "proof": 100, "reason": "r"}
    last = last_of(made(outcome="shadowing"))
    assert last.shadow_windows == 0
    assert last_of(made(outcome="no_data"), last).shadow_windows == 0
    assert 'driftloop_shadow_windows{model="m"} 0.0' in metrics([standing(last=last)], SIX).decode()
    waits, over = (Shadow(state=state, **values) for state in ("waiting", "unproven"))
    assert last_of(made(outcome="held", shadow=waits), last).shadow_windows == 0
    assert last_of(made(outcome="shadow_declined", shadow=over), last).shadow_windows is None
