"""Some rows of a `Fresh`, chosen in order of time, without a frame of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.data.drawing import drawn
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.set_aside import SetAside
from driftloop.pipelines.data.whole import whole

Marked = NDArray[np.bool_]
Places = NDArray[np.int64]
R = TypeVar("R")
# Rows from which `training.window: choose`, probes and backtests work on a sample, unless `training.max_rows` is given.
MOST_COMPARED = 2_000_000


class Ordered:
    """The rows of a `Fresh` by their places in order of time: those of its `frame`, which is not built."""

    def __init__(self, fresh: Fresh) -> None:
        self.fresh = fresh

    def __len__(self) -> int:
        return len(self.fresh)

    @property
    def order(self) -> Places | None:
        """Return the place in the source of each row in order of time; None where both orders are the same."""
        return None if self._order is None else self._order.read()

    @cached_property
    def _order(self) -> SetAside | None:
        if self.fresh.in_order:
            return None
        return SetAside(np.asarray(self.fresh.moments.argsort(kind="stable"), dtype=np.int64))

    def columns(self, names: Sequence[str]) -> pd.DataFrame:
        """Return the time and some columns of all rows."""
        kept = list(dict.fromkeys([*names, self.fresh.time]))
        return whole(self.fresh.map(partial(_columns, names=kept)), len(self), self.fresh.time)

    def frame(self, places: Places) -> pd.DataFrame:
        """Return the rows at rising places, in order of time."""
        marked = np.zeros(len(self), dtype=bool)
        marked[places] = True
        parts = self.fresh.map(_chosen, self.fresh.split(self.in_source(marked)))
        return whole(parts, len(places), self.fresh.time)

    def in_source(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values in order of time, shape (n,), in the order of the source."""
        order = self.order
        if order is None:
            return values
        made = np.empty_like(values)
        made[order] = values
        return made

    def pieces(self, marked: Marked) -> Iterator[pd.DataFrame]:
        """Yield rows marked in the order of the source, in that order, text as `pd.Categorical`."""
        start = 0
        for piece in self.fresh.pieces():
            inside = marked[start : start + len(piece)]
            start += len(piece)
            yield _chosen(piece, inside)


class Selection:
    """Labeled rows, read piece by piece in the order of the source, any number of times.

    `labels` and `weights` (None without weights) are in that order too, and are read from disk where they are many.
    `marked` marks the rows in order of time, as `labels` and `weights` come.
    """

    def __init__(
        self, rows: Ordered, marked: Marked, labels: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> None:
        self._rows, self._marked = rows, rows.in_source(marked)
        self._labels = SetAside(self._chosen(labels))
        self._weights = None if weights is None else SetAside(self._chosen(weights))

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def labels(self) -> pd.Series[Any]:
        """Return the labels of all rows, a new series each time."""
        return pd.Series(self._labels.read(), dtype=self._labels.dtype, copy=False)

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """Return the weights of all rows, a new array each time; None without weights."""
        return None if self._weights is None else self._weights.read()

    @property
    def digest(self) -> str:
        """Return a digest of the content of the rows, regardless of their order."""
        return self._rows.fresh.digest_at(self._marked)

    @property
    def apart(self) -> bool:
        """Return whether the rows are in the workers of an engine."""
        return self._rows.fresh.apart

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in the order of the source."""
        yield from self._rows.pieces(self._marked)

    def map(self, work: Callable[[pd.DataFrame], R]) -> Iterator[R]:
        """Yield the result of `work` for the rows of each piece, where they are."""
        return self._rows.fresh.map(partial(_of_chosen, work=work), self._rows.fresh.split(self._marked))

    def boost(self, boosting: Boosting) -> bytes:
        """Train xgboost on the rows in the workers of an engine; return the booster as UBJSON."""
        return self._rows.fresh.boost(boosting, self._rows.fresh.split(self._marked))

    def _chosen(self, values: NDArray[Any]) -> NDArray[Any]:
        chosen: NDArray[Any] = self._rows.in_source(values)[self._marked]
        return chosen


def _columns(piece: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return piece[names]


def _chosen(piece: pd.DataFrame, inside: Marked) -> pd.DataFrame:
    return piece if inside.all() else piece.iloc[np.flatnonzero(inside)]


def _of_chosen(piece: pd.DataFrame, inside: Marked, work: Callable[[pd.DataFrame], R]) -> R:
    return work(_chosen(piece, inside))


@dataclass(frozen=True)
class Sampled:
    """Rows in order of time, with their places among `whole` rows; None where these are all of them."""

    frame: pd.DataFrame
    whole: int
    places: Places | None = None

    def note(self, seed: int) -> str | None:
        """Return which rows were drawn, for a log; None where none were left out."""
        if self.places is None:
            return None
        drawn_rows = f"{len(self.frame):,} of {self.whole:,} rows are used"
        return f"{drawn_rows}, drawn evenly over time (training.max_rows, training.seed: {seed})"


def sampled(fresh: Fresh, most: int, seed: int) -> Sampled:
    """Return all rows in order of time, or `most` of them, drawn evenly over time (`drawn`)."""
    if len(fresh) <= most:
        return Sampled(fresh.frame, len(fresh))
    places = drawn(len(fresh), most, seed)
    return Sampled(Ordered(fresh).frame(places), len(fresh), places)
