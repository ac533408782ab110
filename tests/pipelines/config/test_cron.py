"""Which cron lines are taken, and that a scheduler reads each one as it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.monitoring.errors import ValidationProblem
from driftloop.pipelines.config.cron import cron_trigger, spelled_out, valid_cron

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    [
        "0 6 * * *", "*/15 8-18 * * mon-fri", "0 0 1,15 jan,jul *", "30 4 * 1-6/2 SUN", "0 6 * * mon,thu",
        "5/15 * * * *", "0 6 29 feb *", "0 6 31 apr mon", "*/59 */23 */30 */11 *", "0 6 * * mon-fri/2", "0 6 * * 1-5",
    ],
)  # fmt: skip
def test_a_line_is_taken_as_cron_users_write_it(cron: str) -> None:
    """Steps, ranges, lists, names and numbers are valid."""
    assert valid_cron(cron) == cron


@pytest.mark.parametrize(
    "cron",
    [
        "", "0 6 * *", "60 6 * * *", "0 24 * * *", "0 6 0 * *", "0 6 * 13 *", "0 6 * * 1-8", "0 6 * * funday",
        "0 6 * * 5/2",
        "*/0 * * * *", "0/ 6 * * *", "1-2-3 * * * *", "a * * * *", "-1 * * * *", "0 6 * * *,", "0 6 jan * *",
        "*/60 * * * *", "0 */24 * * *", "0 6 */31 * *", "0 6 * */12 *", "0 6 * * */7", "0-5/6 * * * *", "50/20 * * * *",
        "0 6 30 feb *", "0 6 31 2,4,6,9,11 *", "0 6 * jan/2 *", "0 6 * * mon/2", "*/" + "9" * 400 + " * * * *",
        "0 6 * * *" + " " * 10_000, ",".join(["0"] * 10_000) + " 6 * * *", "0 6 \u0663 * *",
    ],
)  # fmt: skip
def test_a_line_that_no_clock_can_run_is_refused(cron: str) -> None:
    """What a scheduler refuses, what never fires and what has no end is refused when the file is read."""
    with pytest.raises(ValidationProblem, match="five fields"):
        valid_cron(cron)


@pytest.mark.parametrize(
    ("cron", "months"),
    [("0 0 1 jan-jun/2 *", [1, 3, 5]), ("0 0 1 mar,Sep-nov *", [3, 9, 10, 11]), ("0 0 1 jan-6/3 *", [1, 4])],
)
def test_a_month_by_name_is_the_month_by_number(cron: str, months: list[int]) -> None:
    """A step or a number after a name counts."""
    trigger, at, found = cron_trigger(valid_cron(cron), UTC), START, []
    while (at := trigger.get_next_fire_time(None, at)) < datetime(2027, 1, 1, tzinfo=UTC):
        found.append(at.month)
        at += timedelta(days=1)
    assert found == months


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("1-5", "mon tue wed thu fri"), ("0", "sun"), ("7", "sun"), ("0,6", "sat sun"), ("6-1", "mon sat sun"),
        ("0-6", "mon tue wed thu fri sat sun"), ("0-7", "mon tue wed thu fri sat sun"), ("1-7/3", "mon thu sun"),
        ("mon-3", "mon tue wed"),
    ],
)  # fmt: skip
def test_a_weekday_by_number_is_that_of_cron(weekdays: str, days: str) -> None:
    """0 and 7 are Sunday and 1 is Monday, as in crontab, for the service and for Prefect."""
    trigger, at, found = cron_trigger(valid_cron(f"0 6 * * {weekdays}"), UTC), START, set()
    while (at := trigger.get_next_fire_time(None, at)) < START + timedelta(days=7):
        found.add(f"{at:%a}".lower())
        at += timedelta(hours=1)
    assert found == set(days.split())
    assert set(spelled_out(f"0 6 * * {weekdays}").split()[4].split(",")) == found


parts = st.from_regex(r"(\*|[0-9]{1,2}(-[0-9]{1,2})?|mon|fri-mon|jan|feb-nov)(/[0-9]{1,3})?", fullmatch=True)
fields = st.lists(parts, min_size=1, max_size=3).map(",".join)


@settings(deadline=None)
@given(st.lists(fields, min_size=5, max_size=5).map(" ".join))
def test_every_line_that_is_taken_fires(cron: str) -> None:
    """Here and in Prefect, for whatever is not refused."""
    try:
        valid_cron(cron)
    except ValidationProblem:
        return
    from prefect.client.schemas.schedules import CronSchedule

    assert cron_trigger(cron, UTC).get_next_fire_time(None, START) > START - timedelta(seconds=1)
    assert CronSchedule(cron=spelled_out(cron), timezone="UTC").cron == spelled_out(cron)
