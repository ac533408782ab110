"""Times and moments of checking that are off: zones, clock changes, the future, a history that is too short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from driftloop.monitoring.errors import TimeOutOfRange
from driftloop.monitoring.records import Check, Outcome, Retrain
from tests.laws import lawful_check, lawful_retrain
from tests.streams import day, stream

Make = Callable[..., Any]
Damage = Callable[["pd.Series[Any]"], Any]
HOUR = timedelta(hours=1)


def rows(case: str, start: float = 21, end: float = 28, days: int = 28) -> pd.DataFrame:
    frame = stream(days, seed=crc32(case.encode()))
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


def codes(check: Check) -> set[str]:
    return {finding.code for finding in check.findings}


# Times that are the same moments, and what they are not.
SAME: dict[str, Damage] = {
    "of another zone": lambda ts: ts.dt.tz_convert("Asia/Kathmandu"),
    "without a zone": lambda ts: ts.dt.tz_localize(None),
    "in nanoseconds": lambda ts: ts.dt.as_unit("ns"),
    "in seconds": lambda ts: ts.dt.as_unit("s"),
    "as text": lambda ts: ts.astype(str),
    "as text with offsets": lambda ts: ts.dt.tz_convert("Europe/Berlin").map(lambda moment: moment.isoformat()),
    "as a dictionary": lambda ts: ts.astype(str).astype("category"),
    "as dates": lambda ts: ts.dt.date,
    "all at midnight": lambda ts: ts.dt.floor("D"),
}
NO_TIMES: dict[str, Damage] = {
    "epoch seconds": lambda ts: ts.dt.as_unit("s").astype("int64"),
    "floats": lambda ts: ts.dt.as_unit("s").astype("int64") / 7,
    "words": lambda _: "yesterday",
    "day before month": lambda ts: ts.dt.strftime("%d/%m/%Y"),
    "one word among times": lambda ts: ts.astype(str).where(ts.index != 400, "soon"),
    "an impossible hour": lambda ts: ts.astype(str).where(ts.index != 400, "2026-01-25 25:00:00"),
    "booleans": lambda _: True,
}


@pytest.mark.parametrize("case", SAME)
def test_times_of_any_shape(case: str, sibling: Make) -> None:
    """The same moments in another shape are the same rows."""
    frame = rows(case)
    check = lawful_check(sibling(frame.assign(ts=SAME[case](frame["ts"]))), day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.window.rows, check.drift_share) == (Outcome.STEADY, len(frame), 0), check.reason


@pytest.mark.parametrize("case", NO_TIMES)
def test_what_is_not_a_time(case: str, sibling: Make) -> None:
    """A time column that holds something else is bad data by its name, with an example."""
    frame = rows(case)
    check = lawful_check(sibling(frame.assign(ts=NO_TIMES[case](frame["ts"]))), day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA
    assert [(f.code, f.column) for f in check.findings] == [("not_a_time", "ts")]


@pytest.mark.parametrize("case", ["epoch seconds", "words"])
def test_no_training_without_times(case: str, alone: Make) -> None:
    """Nothing is trained on rows that cannot be put in order."""
    frame = rows(case, 0, 21)
    check = lawful_check(alone(frame.assign(ts=NO_TIMES[case](frame["ts"]))), day(21))
    assert check.outcome is Outcome.BAD_DATA


@pytest.mark.parametrize(
    ("share", "outcome"), [(1.0, Outcome.NO_DATA), (0.97, Outcome.TOO_FEW_ROWS), (0.5, Outcome.STEADY)]
)
def test_rows_without_a_time(share: float, outcome: Outcome, sibling: Make) -> None:
    """A row without a time is in no window."""
    frame = rows(f"null times {share}")
    check = lawful_check(sibling(frame.assign(ts=frame["ts"].where(frame.index >= share * len(frame)))), day(28))
    assert check.outcome is outcome, check.reason


def test_times_of_the_future(sibling: Make) -> None:
    """Rows that have not happened yet are reported and not judged, and neither are placeholders for never."""
    frame = rows("future")
    later = frame.head(30).assign(ts=pd.Timestamp("2100-01-01", tz="UTC"))
    never = frame.head(10).assign(ts=pd.Timestamp("9999-12-31", tz="UTC").as_unit("us"))
    mixed = pd.concat([frame.assign(ts=frame["ts"].astype("datetime64[us, UTC]")), later, never])
    check = lawful_check(sibling(mixed.astype({"ts": "datetime64[us, UTC]"})), day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.window.rows) == (Outcome.STEADY, len(frame))
    assert "future_time" in codes(check)


# Berlin's clocks go forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("spelled", ["clock readings", "with offsets"])
def test_days_on_which_the_clocks_change(change: str, spelled: str, sibling: Make) -> None:
    """A day of 23 or 25 hours is judged whole: no row is lost, none crashes, none comes twice."""
    noon = datetime.fromisoformat(f"{change}T00:00:00+00:00")
    frame = rows(f"{change} {spelled}")
    moments = frame["ts"] - day(21) + noon - timedelta(days=3)
    berlin = moments.dt.tz_convert("Europe/Berlin")
    spellings = {
        "clock readings": lambda: berlin.dt.tz_localize(None),
        "with offsets": lambda: berlin.map(lambda moment: moment.isoformat()),
    }
    made = sibling(frame.assign(ts=spellings[spelled]()), columns__time_zone="Europe/Berlin")
    check = lawful_check(made, noon + timedelta(days=4))
    assert isinstance(check, Check)
    assert (check.outcome, check.window.rows) == (Outcome.STEADY, len(frame)), check.reason


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (datetime(1970, 1, 2, tzinfo=UTC), Outcome.NO_DATA),
        (day(20), Outcome.NO_DATA),
        (day(60), Outcome.NO_DATA),
        (datetime(2300, 1, 1, tzinfo=UTC), Outcome.NO_DATA),
        (datetime(9999, 12, 31, tzinfo=UTC), Outcome.NO_DATA),
        (day(28).replace(tzinfo=None), Outcome.STEADY),
        (day(28).astimezone(None) + timedelta(hours=23), Outcome.STEADY),
        (day(21) + timedelta(hours=23), Outcome.NO_DATA),
        (day(22), Outcome.STEADY),
    ],
    ids=[
        "1970",
        "before all",
        "after all",
        "2300",
        "9999",
        "naive",
        "another zone",
        "an hour early",
        "a day",
    ],
)
def test_any_now(now: datetime, outcome: Outcome, sibling: Make) -> None:
    """Whenever it is, the newest whole window is judged; without rows the check states where there are some."""
    frame = rows(f"now {now}")
    check = lawful_check(sibling(frame), now)
    assert isinstance(check, Check)
    assert check.outcome is outcome, check.reason
    if outcome is Outcome.NO_DATA:
        assert "2026-01-22 00:" in check.reason


@pytest.mark.parametrize("now", [datetime(1970, 1, 2, tzinfo=UTC), day(60)], ids=["before", "after"])
def test_no_training_without_rows(now: datetime, alone: Make) -> None:
    """Where there are no rows there is nothing to train on, and a later check with rows trains."""
    made = alone(rows(f"training {now}", 0, 21))
    assert lawful_check(made, now).outcome is Outcome.NO_DATA
    assert lawful_check(made, day(21)).outcome is Outcome.BOOTSTRAPPED


def test_a_history_shorter_than_the_training_window(alone: Make) -> None:
    """A week of rows is enough for a first champion if it has the rows: window and holdout shrink together."""
    made = alone(rows("short", 14, 21))
    check = lawful_check(made, day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED, check.reason


@pytest.mark.parametrize("now", [datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 5, tzinfo=UTC)])
def test_a_moment_before_which_there_is_no_window(now: datetime, sibling: Make) -> None:
    """A moment at the beginning of the calendar is refused, and so is it for a first training."""
    error = lawful_check(sibling(rows("year 1")), now)
    assert isinstance(error, TimeOutOfRange)
    assert "7d before 0001-01-0" in str(error)


@pytest.mark.parametrize(
    ("at", "outcome", "why"),
    [
        (14, Outcome.NO_DATA, "no rows in 2025"),
        (28, Outcome.TOO_FEW_ROWS, "gap of the label delay (15d)"),
        (38, Outcome.BOOTSTRAPPED, "better"),
    ],
)
def test_a_label_delay_next_to_a_short_history(at: int, outcome: Outcome, why: str, alone: Make) -> None:
    """Labels that are not due are not learned from, and the gap before the holdout may eat a short history."""
    made = alone(rows("delay", 0, 28), columns__label_delay="15d", training__holdout="3d")
    check = lawful_check(made, day(at))
    assert check.outcome is outcome, check.reason
    assert why in check.reason


def test_a_label_delay_that_leaves_nothing_to_learn_from(alone: Make) -> None:
    """A history that the holdout and the gap fill up trains nothing, and the reason names the delay."""
    check = lawful_check(alone(rows("delay", 0, 21), columns__label_delay="16d"), day(21))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.TOO_FEW_ROWS
    assert "in the gap of the label delay (16d) before the holdout" in check.reason


def test_a_stream_of_milliseconds(alone: Make) -> None:
    """Rows that are microseconds apart, in windows of seconds, are split, trained and judged as others are."""
    frame = rows("fast", 0, 28)
    frame["ts"] = day(0) + (frame["ts"] - day(0)) / 86400
    changes = {"windows__current": "7s", "training__window": "21s", "training__holdout": "5s"}
    made = alone(frame, **changes)
    start = day(0)
    assert lawful_check(made, start + timedelta(seconds=21)).outcome is Outcome.BOOTSTRAPPED
    check = lawful_check(made, start + timedelta(seconds=28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share) == (Outcome.STEADY, 0)
    assert check.window.rows == int((frame["ts"] >= start + timedelta(seconds=21)).sum())


def test_all_rows_of_the_training_at_one_moment(alone: Make) -> None:
    """Without an order there is no holdout, and without a holdout no champion."""
    frame = rows("moment", 0, 21)
    check = lawful_check(alone(frame.assign(ts=day(20))), day(21))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.TOO_FEW_ROWS, check.reason


def test_a_manual_retrain_without_rows(sibling: Make) -> None:
    """Asked for manually where there are no rows, it reports it and the champion stays."""
    ended = lawful_retrain(sibling(rows("by hand")), day(400))
    assert isinstance(ended, Retrain)
    assert (ended.code, ended.promoted, ended.version) == ("no_data", False, None)


NO_TIME = "rows of the source have no time"


@pytest.mark.parametrize("case", ["a few", "all of the window", "all"])
def test_rows_without_a_time_are_found(case: str, sibling: Make) -> None:
    """Whatever the outcome, the check reports how many rows of the source have no time."""
    frame = rows("without a time")
    lost = {"a few": 3, "all of the window": len(frame), "all": len(frame)}[case]
    ts = frame["ts"].astype(object).where(frame.index >= lost, None)
    if case == "all":
        frame = frame.assign(ts=pd.Series([None] * len(frame), dtype="datetime64[us, UTC]"))
    else:
        older = rows("older", 14, 21)
        frame = pd.concat([older, frame.assign(ts=ts)], ignore_index=True)
    check = lawful_check(sibling(frame), day(28))
    assert isinstance(check, Check)
    (finding,) = [finding for finding in check.findings if finding.code == "no_time"]
    assert finding.message.startswith(f"{lost:,} {NO_TIME}")
    assert (finding.severity, finding.observed) == ("warning", lost)
    assert (check.outcome is Outcome.NO_DATA) == (case != "a few")
    if case == "all":
        assert f"none of the source's {lost:,} rows has a usable time" in check.reason


def test_rows_without_a_time_are_found_before_the_first_champion(model: Make) -> None:
    """The check that trains the first champion reports them as well."""
    frame = stream(28)
    frame["ts"] = frame["ts"].where(frame.index % 100 > 0)
    check = model(frame).check(day(28))
    assert check.outcome is Outcome.BOOTSTRAPPED
    assert [finding.observed for finding in check.findings if finding.code == "no_time"] == [34.0]
