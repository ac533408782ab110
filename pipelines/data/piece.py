"""Some rows of a source in canonical form, with a hash of each and what was counted while they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring import sources
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import coded
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.rows.ruled import Ruled, count, digests
from driftloop.monitoring.rows.scored import scores
from driftloop.pipelines.data.early import Early
from driftloop.pipelines.data.joined import Labeled
from driftloop.pipelines.data.predicted import PredictedPart

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored

# Number of rows read and processed at a time.
PIECE = 1 << 16


@dataclass(frozen=True)
class Piece:
    """Some rows as stored: canonical and in order of time, with their original order and a hash of each.

    `labeled` has their ids and labels, where the config has ids; `predicted` counts their predictions, where a model
    elsewhere makes them. `columns` are the names of all columns, also where `frame` has some of them only. `early` are
    predictions that were made while rows were read.
    """

    frame: pd.DataFrame
    coerced: tuple[Coerced, ...]
    hashes: NDArray[np.uint64]
    in_order: bool
    labeled: Labeled | None = None
    predicted: PredictedPart | None = None
    ruled: dict[str, Ruled] | None = None
    columns: tuple[str, ...] = ()
    early: NDArray[np.float64] | None = None

    @property
    def mark(self) -> tuple[int, int]:
        """Return the number of rows and the sum of their hashes, by which a second reading is compared."""
        return len(self.hashes), int(self.hashes.sum(dtype=np.uint64))

    def without_values(self, kept: Sequence[str]) -> Piece:
        """Return the same rows with the columns `kept` alone."""
        return replace(self, frame=self.frame[list(kept)])


def canonical(raw: pd.DataFrame, config: Monitored, judged: Window | None = None, early: Early | None = None) -> Piece:
    """Convert some rows of the source to canonical form, evaluate rules of columns on a window, and predict early."""
    time = config.columns.time
    ordered = sources.in_order_of_time(raw, time)
    frame, coerced = coded(ordered, config)
    predicted = None
    if config.elsewhere:
        made = scores(ordered, config.predictions, config.task)
        frame = frame.assign(**made.columns)
        predicted = PredictedPart.of(made, frame, config)
    labeled = Labeled.of(ordered, frame, config) if config.columns.id else None
    hashes, ruled = row_hashes(frame), None
    if judged is not None and config.columns.rules:
        ruled = count(ordered, config, judged)
        hashes = np.asarray(hashes + digests(ordered, config.columns.ruled_alone), dtype=np.uint64)
    in_order = bool(raw[time].is_monotonic_increasing)
    columns = tuple(map(str, frame.columns))
    ahead = early(frame) if early is not None else None
    return Piece(frame, coerced, hashes, in_order, labeled, predicted, ruled, columns, ahead)


def row_hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a hash of the content of each row: shape (n,)."""
    return np.asarray(pd.util.hash_pandas_object(frame, index=False))
