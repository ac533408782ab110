"""The history of a source as counts: odd times do not stretch it, and the delay of labels is read off it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.init.timeline import Timeline, counted, label_delay, trimmed
from tests.streams import START, day

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(days: float = 60, a_day: int = 100, seed: int = 0) -> pd.DataFrame:
    at = np.sort(np.random.default_rng(seed).uniform(0, days, int(days * a_day)))
    return pd.DataFrame({"ts": pd.to_datetime([day(x) for x in at]), "y": 1.0})


def timeline(frame: pd.DataFrame, length: timedelta = 60 * DAY) -> Timeline:
    made = counted([frame.iloc[:100], frame.iloc[:0], frame.iloc[100:]], "ts", "y", length)
    assert made is not None
    return made


def without_labels(frame: pd.DataFrame, share: Any) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    return frame.assign(y=frame["y"].mask(generator.random(len(frame)) < share))


def age(frame: pd.DataFrame) -> np.ndarray:
    return ((frame["ts"].max() - frame["ts"]) / DAY).to_numpy()


def test_rows_and_labels_are_counted_by_the_hour_or_the_minute() -> None:
    """Frames in any order give the same counts; a short history is counted by the minute."""
    frame = without_labels(rows(), 0.25)
    made = timeline(frame)
    assert (made.total, made.labelled) == (len(frame), frame["y"].notna().sum())
    assert made.newest == frame["ts"].max()
    assert made.newest_label == frame["ts"][frame["y"].notna()].max()
    mixed = timeline(frame.sample(frac=1, random_state=0))
    assert (mixed.starts == made.starts).all()
    assert (mixed.labels == made.labels).all()
    assert timeline(rows(0.5), DAY).step == timedelta(minutes=1)
    assert counted([frame.iloc[:0]], "ts", "y", DAY) is None


@pytest.mark.parametrize("odd", ["1970-01-01", "2099-12-31", "2026-12-31", "1900-01-01"])
def test_a_few_odd_times_are_no_history(odd: str) -> None:
    """Rows of 1970 or 2099 do not stretch what windows are proposed for, and their number is known."""
    frame = pd.concat([rows(), rows(1).head(5).assign(ts=pd.Timestamp(odd, tz="UTC"))])
    made, dropped = trimmed(timeline(frame), NOW)
    assert dropped == 5
    assert made.start >= START
    assert made.newest <= day(60)


def test_gaps_within_the_history_and_a_steady_history_are_left_unchanged() -> None:
    """Ten silent months between two good parts are history; so is the thin beginning of a growing one."""
    both = pd.concat([rows(), rows().assign(ts=rows()["ts"] + 360 * DAY)])
    for frame in (rows(), both, rows().loc[lambda f: (age(f) < 20) | (f.index % 50 == 0)]):
        made, dropped = trimmed(timeline(frame), datetime(2029, 1, 1, tzinfo=UTC))
        assert dropped == 0
        assert made.total == len(frame)


def test_planned_rows_end_at_the_present_unless_all_are_to_come() -> None:
    """Bookings of the next weeks are in no window yet; a history that is made up as a whole is taken as it is."""
    made, dropped = trimmed(timeline(rows()), day(50))
    assert made.newest <= day(50)
    assert dropped == pytest.approx(1000, rel=0.1)
    assert trimmed(timeline(rows()), day(-50))[1] == 0


@pytest.mark.parametrize("delay", [3, 30])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_a_sharp_delay_is_read_off_the_data(delay: int, missing: float) -> None:
    """Labels that all come after this many days, also where some never come."""
    frame = rows()
    late = without_labels(frame, np.where(age(frame) < delay, 1.0, missing))
    assert timedelta(days=delay) <= label_delay(timeline(late)) <= timedelta(days=delay + 2)


def test_a_gradual_delay_ends_where_labels_are_complete() -> None:
    """Labels that come between today and 20 days: at 20 days nearly all are there."""
    frame = rows(a_day=400)
    late = without_labels(frame, np.clip(1 - age(frame) / 20, 0, 1))
    assert timedelta(days=15) <= label_delay(timeline(late)) <= timedelta(days=22)


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.5, 1.0])
def test_labels_that_come_immediately_have_no_delay(missing: float) -> None:
    """Labels missing at random are no delay, and neither is a handful of rows at the end; nor are no labels at all."""
    for seed in range(5):
        frame = without_labels(rows(seed=seed), missing)
        frame.iloc[-3:, 1] = np.nan
        assert label_delay(timeline(frame)) == timedelta()


def test_a_typical_window_is_not_moved_by_bursts_nor_hides_silence() -> None:
    """A day of 20,000 rows changes nothing; batches of a month leave a typical week empty."""
    steady = timeline(rows()).typical(7 * DAY, day(60))
    burst = pd.concat([rows(), rows(1, 20_000).assign(ts=rows(1, 20_000)["ts"] + 30 * DAY)])
    assert timeline(burst).typical(7 * DAY, day(60)) == pytest.approx(steady, rel=0.1)
    monthly = rows(360).assign(
        ts=lambda f: f["ts"].dt.tz_convert(None).dt.to_period("M").dt.start_time.dt.tz_localize("UTC")
    )
    assert timeline(monthly).typical(7 * DAY, day(360)) == 0
    assert timeline(monthly).typical(28 * DAY, day(360)) > 2000
