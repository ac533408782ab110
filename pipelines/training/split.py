"""Cutting labeled rows by time: what is trained on, what is held out, and what of that neither model has seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pandas as pd

from driftloop.monitoring.records import Window, utc
from driftloop.monitoring.windows import inside


def split(
    frame: pd.DataFrame, time: str, *, holdout_start: datetime, gap: timedelta = timedelta()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into training rows before `holdout_start - gap` and held-out rows from `holdout_start` on, by time.

    The gap keeps rows apart whose labels overlap in time with the holdout; its rows, and rows without a time, are in
    neither part. `time` names a column of UTC timestamps. Rows of the same moment keep their order.

    >>> days = pd.DataFrame({"ts": pd.date_range("2026-01-01", periods=5, tz="UTC")})
    >>> train, holdout = split(days, "ts", holdout_start=datetime(2026, 1, 4), gap=timedelta(days=1))
    >>> train.index.tolist(), holdout.index.tolist()
    ([0, 1], [3, 4])
    """
    start = utc(holdout_start)
    ordered = frame.sort_values(time, kind="stable")
    return ordered[ordered[time] < start - gap], ordered[ordered[time] >= start]


def unseen(holdout: pd.DataFrame, time: str, champion_trained: Iterable[Window]) -> pd.DataFrame:
    """Return the held-out rows outside all windows that the champion was trained on.

    >>> days = pd.DataFrame({"ts": pd.date_range("2026-01-01", periods=4, tz="UTC")})
    >>> seen = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 3))
    >>> unseen(days, "ts", [seen]).index.tolist()
    [2, 3]
    """
    for window in champion_trained:
        holdout = holdout.loc[~inside(holdout[time], window)]
    return holdout
