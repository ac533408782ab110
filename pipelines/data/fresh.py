"""Canonical rows of a time span with a digest of their content, for flows and backtests. Independent of Prefect.

How a window is read, from its bounds to the frame that is scored:

1. `monitoring.windows` computes the bounds: `current_window`, `labelled_window` (rows whose labels are due) and
   `training_window`. The read of a check covers the first two, from the earlier start to the end; that of a retrain
   the third.
2. `monitoring.sources.stream_rows` opens the source by its engine and selects, in SQL, the rows with `columns.time` in
   the span that pass `columns.filter`, with the columns of the config and the expressions of `columns.derived`. Times
   are converted to UTC. Labels in a table of their own are joined by id, as known at `now`.
3. `canonical` here makes each piece of 65,536 rows canonical: numbers float64, categories text, null one value; what
   had to be coerced becomes findings. The rows of a piece are hashed and sorted by time, and kept in memory, or above
   about a million in a temporary file (`data.spool`). In a check the champion predicts them meanwhile (`data.early`).
4. `Fresh` keeps the digest, and returns the rows of any window in it as pieces or as one frame sorted by time.

The flows call `flows.reading.read`, the same with retries while a file or server is missing. A champion that was
trained with other columns than the config's is read with both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring import sources
from driftloop.monitoring.counting.plan import WindowCounts
from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.records import Finding, Window
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.rows.ruled import RuleCounts
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.windows import inside, within
from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.data.joined import JoinedRows
from driftloop.pipelines.data.piece import PIECE, Piece, canonical, row_hashes
from driftloop.pipelines.data.predicted import PredictedRows
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.set_aside import Arrays
from driftloop.pipelines.data.spool import Rows, Spool
from driftloop.pipelines.data.spread import spread
from driftloop.pipelines.data.whole import whole

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored

R = TypeVar("R")
Reader = Callable[[Query, Reading, int], "Fresh"]


class Fresh:
    """Canonical rows of a span, with coerced values and the names and types of the source's columns.

    `pieces` yields them in pieces, in the order of the source, each in order of time, text as `pd.Categorical`;
    `frame` returns all in order of time, with text. `joined` has ids and labels, None where the config has no id;
    `predicted` has the predictions of a model elsewhere, None where the model is here.
    `ruled` has the counts of the rules of columns.
    `counted` is set where the database counted the rows of the current window: then the rows here are the labeled ones
    that the loss needs, and `sample` some of the window; otherwise `uncounted` is the reason, if it could have.
    With an engine the rows are in its workers (`apart`), `map` works there, and `source` names the place.
    Not a plain record: Prefect traverses those at each task call.
    """

    def __init__(
        self, time: str, source_types: dict[str, str], weight: str | None = None, rows: Rows | None = None
    ) -> None:
        self.time, self.source_types, self.weight, self.in_order = time, source_types, weight, True
        self._weights = Arrays(np.float64)
        self._coerced: tuple[Coerced, ...] = ()
        self._hashes, self._moments = Arrays(np.uint64), Arrays("datetime64[us]")
        self._rows = rows or Spool()
        self._columns: list[str] = []
        self._newest = pd.Timestamp.min.tz_localize("UTC")
        self.joined: JoinedRows | None = None
        self.predicted: PredictedRows | None = None
        self.ruled = RuleCounts()
        self.counted: WindowCounts | None = None
        self.sample: pd.DataFrame | None = None
        self.uncounted: str | None = None
        self.source = ""
        self._early: list[NDArray[np.float64] | None] = []
        self.early_by = ""

    def add(self, piece: Piece, config: Monitored) -> None:
        """Add more rows of the source."""
        self._rows.add(piece.frame)
        self.note(piece, config)

    def note(self, piece: Piece, config: Monitored) -> None:
        """Add the facts of more rows, whose values are in the workers of an engine."""
        moments = piece.frame[self.time]
        if len(moments):
            self.in_order &= piece.in_order and moments.iloc[0] >= self._newest
            self._newest = max(self._newest, moments.iloc[-1])
        self._coerced = tuple(map(Coerced.__add__, self._coerced, piece.coerced)) if self._coerced else piece.coerced
        self._columns = list(piece.columns)
        self._hashes.add(piece.hashes)
        self._early.append(piece.early)
        self._moments.add(moments.to_numpy("datetime64[us]"))
        if self.weight is not None:
            self._weights.add(piece.frame[self.weight].to_numpy(dtype=np.float64))
        if piece.labeled is not None:
            self.joined = self.joined or JoinedRows()
            self.joined.add(piece.labeled)
        if piece.predicted is not None:
            self.predicted = self.predicted or PredictedRows()
            self.predicted.add(piece.predicted)
        if piece.ruled is not None:
            self.ruled.add(piece.ruled, config)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Coerced values; of counted rows those of the current window."""
        coerced = self._coerced if self.counted is None else self.counted.coerced
        return tuple(finding for one in coerced for finding in one.findings())

    def __len__(self) -> int:
        return len(self._moments)

    @property
    def moments(self) -> pd.Series[Any]:
        """Return the times of all rows in the order of the source."""
        return _times(self._moments.whole())

    def digest_at(self, marked: NDArray[np.bool_]) -> str:
        """Return a digest of the content of marked rows; `marked` is in the order of the source, shape (n,)."""
        chosen = zip(self._hashes, self.split(marked), strict=True)
        return content_named(self._columns, [hashes[inside] for hashes, inside in chosen])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Return all rows in order of time, in memory, for training."""
        return whole(self._rows, len(self), self.time)

    @cached_property
    def digest(self) -> str:
        """Return a digest of the content of all rows."""
        own, _ = self._own
        if self.counted is None:
            return own
        return hashlib.sha256(f"{self.counted.digest}/{own}".encode()).hexdigest()[:32]

    @cached_property
    def _own(self) -> tuple[str, int]:
        """The digest of the rows that are here, and how many of them repeat another one: sorting takes most of both."""
        ordered = _sorted(list(self._hashes))
        return _digest(self._columns, ordered), _repeated(ordered)

    def pieces(self, window: Window | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows of a window, or all, in pieces; at least one piece, which may be empty."""
        yield from (piece if window is None else within(piece, self.time, window) for piece in self._rows)

    def early(self, model_id: str) -> list[NDArray[np.float64] | None]:
        """Return the predictions by a model that were made during the reading, for each piece; None for no such."""
        return self._early if self.early_by == model_id else [None] * len(self._early)

    @property
    def apart(self) -> bool:
        """Return whether the rows are in the workers of an engine."""
        return self._rows.apart

    def map(self, work: Callable[..., R], *each: Sequence[Any]) -> Iterator[R]:
        """Yield the result of `work` for each piece, in order, where the rows are; `each` has more arguments."""
        return self._rows.map(work, *each)

    def boost(self, boosting: Boosting, marked: Sequence[NDArray[np.bool_]]) -> bytes:
        """Train xgboost on the marked rows of each piece in the workers of an engine; return the booster as UBJSON."""
        return self._rows.boost(boosting, marked)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Cut values of all rows, in the order of the source, into those of each piece."""
        return np.split(values, np.cumsum(self._moments.lengths)[:-1])

    def before(self, window: Window) -> list[int]:
        """Return the number of rows of a window that come before each piece."""
        counts = [int(inside(_times(moments), window).sum()) for moments in self._moments]
        return [0, *np.cumsum(counts).tolist()][: len(counts)]

    def count(self, window: Window) -> int:
        """Count the rows in a window."""
        return sum(int(inside(_times(moments), window).sum()) for moments in self._moments)

    def current_rows(self, window: Window) -> int:
        """Return the number of rows of the current window, counted here or by the database."""
        return self.count(window) if self.counted is None else self.counted.rows

    @property
    def labeled_apart(self) -> int:
        """Return the number of labeled rows that the database counted and that are not here."""
        return 0 if self.counted is None else self.counted.labeled

    def weights(self, window: Window | None = None) -> NDArray[np.float64] | None:
        """Return the weights of the rows of a window, or of all, in the order of `pieces`; None without weights."""
        if self.weight is None:
            return None
        if window is None:
            return self._weights.whole()
        pairs = zip(self._weights, self._moments, strict=True)
        return np.concatenate([np.empty(0), *(some[inside(_times(moments), window)] for some, moments in pairs)])

    def digest_of(self, window: Window) -> str:
        """Return a digest of the content of the rows of a window."""
        return content_named(self._columns, self._hashes_of(window))

    def repeated_share(self, window: Window) -> float:
        """Return the share of the rows of a window that repeat another row exactly; 0 without rows."""
        if self.counted is not None:
            return self.counted.repeated_share
        hashes = self._hashes_of(window)
        rows = sum(map(len, hashes))
        return (self._own[1] if rows == len(self) else _repeated(_sorted(hashes))) / max(rows, 1)

    def _hashes_of(self, window: Window) -> list[NDArray[np.uint64]]:
        pairs = zip(self._hashes, self._moments, strict=True)
        return [hashes[inside(_times(moments), window)] for hashes, moments in pairs]


def _times(moments: NDArray[np.datetime64]) -> pd.Series[Any]:
    times: pd.Series[Any] = pd.Series(moments, copy=False).dt.tz_localize("UTC")
    return times


def read_fresh(query: Query, piece: int = PIECE, *, by: Reader | None = None) -> Fresh:
    """Read the rows of a query from the source in canonical form, about `piece` rows in memory at a time.

    In addition sixteen bytes per row are kept, for the digest and for counting, and eight more for weights (on disk,
    like the rows, where they are many); in memory about forty more where rows have ids, and eight per value of a
    unique column. `by` is how an engine reads them; this process by default.
    """
    read, config, reading = by or read_here, query.config, query.reading
    alone = config.columns.ruled_alone if query.judged is not None else ()
    if not alone:
        return read(query, reading, piece)
    try:
        return read(query, reading.with_rules(), piece)
    except MissingColumns as error:
        lost = frozenset(error.lost)
        if not lost <= set(alone):
            raise
    fresh = read(query, reading.with_rules(without=lost), piece)
    fresh.ruled.lost = lost
    return fresh


def read_here(query: Query, reading: Reading, piece: int) -> Fresh:
    """Read the columns of `reading` in this process."""
    config = query.config
    with sources.stream_rows(config.source, reading, query.window, query.folder, piece, query.now) as stream:
        fresh = Fresh(config.columns.time, stream.schema, config.columns.weight)
        frames, early = stream.frames, query.early
        if early is not None:
            frames, fresh.early_by = early.watched(frames), early.model_id
        for part in spread(partial(canonical, config=config, judged=query.judged, early=early), frames):
            fresh.add(part, config)
    return fresh


def content_digest(frame: pd.DataFrame) -> str:
    """Return a digest of the content of rows, regardless of their order: 32 hexadecimal characters."""
    return content_named(list(frame.columns), [row_hashes(frame)])


def content_named(columns: Sequence[str], hashes: Sequence[NDArray[np.uint64]]) -> str:
    """Return the digest of rows with these columns and hashes, regardless of their order."""
    return _digest(columns, _sorted(hashes))


def _digest(columns: Sequence[str], ordered: NDArray[np.uint64]) -> str:
    named = hashlib.sha256("\x1f".join(map(str, columns)).encode())
    named.update(ordered.data)
    return named.hexdigest()[:32]


def _repeated(ordered: NDArray[np.uint64]) -> int:
    return int((ordered[1:] == ordered[:-1]).sum())


def _sorted(hashes: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    whole = np.concatenate(hashes)
    whole.sort()
    return whole
