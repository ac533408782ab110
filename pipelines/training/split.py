"""Cutting labeled rows by time: what is trained on, what is held out, and what of that neither model has seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    ordered = frame if frame[time].is_monotonic_increasing else frame.sort_values(time, kind="stable")
    times = ordered[time]
    return taken(ordered, (times < start - gap).to_numpy()), taken(ordered, (times >= start).to_numpy())


def taken(frame: pd.DataFrame, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the chosen rows, shape (n,), in their order and with their index; adjacent rows are not copied.

    >>> taken(pd.DataFrame({"a": [1, 2, 3]}), np.array([False, True, True])).index.tolist()
    [1, 2]
    """
    many = int(np.count_nonzero(chosen))
    first = int(chosen.argmax()) if many else 0
    if chosen[first : first + many].all():
        return frame.iloc[first : first + many]
    return frame[chosen]


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
