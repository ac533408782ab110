"""Training on more rows than one frame should hold: what is read piece by piece, and what is judged on a sample.

Only xgboost sees all rows, piece by piece from disk. Everything else works on rows drawn evenly over time with the
seed: the holdout of the gate with its plots and metrics, the reference with its profiles, the leak test and the naive
baseline, and the rows that choose the number of trees. Estimators that need all rows in memory get
`training.max_rows` of them, drawn evenly over time and over classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.weights import labelled, weights_of
from driftloop.monitoring.windows import EPOCH
from driftloop.pipelines.data.drawing import drawn, evenly
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.selection import Ordered, Selection
from driftloop.pipelines.data.set_aside import SetAside
from driftloop.pipelines.training.capacity import MOST_SAMPLED, Way, streams
from driftloop.pipelines.training.rows import MOST_ROWS
from driftloop.pipelines.training.steps import OnDisk, Part, Parts, divide

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


@dataclass(frozen=True)
class Learnable:
    """All labeled rows for the second fit: their frame, or a sample of those on disk."""

    frame: pd.DataFrame
    whole: Part
    on_disk: OnDisk | None = None


@dataclass(frozen=True)
class SampledRows(Canonical):
    """Rows drawn from all rows of the window, for the reference, once the model is trained; their number is `size`.

    `learnable` reads the rows of the second fit.
    """

    size: int
    learnable: Callable[[], Learnable]


def large_parts(config: Project, fresh: Fresh, window: Window, way: Way, cache: Path) -> tuple[SampledRows, Parts]:
    """Cut the rows of the window as `divide` does, without a frame of them; errors are the same.

    `way` and `training.max_rows` determine how rows are learned from; `cache` is the folder for xgboost's values on
    disk.
    """
    columns, seed = config.columns, config.training.seed
    rows = Ordered(fresh)
    slim = rows.columns([columns.target, *columns.of_weight])
    cut = divide(config, slim, window)
    ends = {"train": _ends(cut.train, columns.time), "holdout": _ends(cut.holdout, columns.time)}
    train, holdout = _marked(len(rows), cut.train), _marked(len(rows), cut.holdout)
    known = labelled(slim, columns)
    known_ends = _ends(slim[known], columns.time)
    labels, weighed = SetAside(slim[columns.target].to_numpy()), weights_of(slim, columns)
    weights = None if weighed is None else SetAside(weighed)
    del slim, cut, weighed
    at = cache if way is Way.ON_DISK else None

    def learnable(marked: NDArray[np.bool_], span: tuple[datetime, datetime]) -> Learnable:
        places = np.flatnonzero(marked)
        if not streams(config):
            chosen = places[
                drawn(len(places), _most(config, len(places)), seed, _classes(config, labels.read()[places]))
            ]
            part = Part(len(places), rows.fresh.digest_at(rows.in_source(marked)), *span)
            return Learnable(rows.frame(chosen), part)
        selection = Selection(rows, marked, labels.read(), None if weights is None else weights.read())
        part = Part(len(places), selection.digest, *span)
        sample = rows.frame(places[evenly(len(places), MOST_ROWS)])
        return Learnable(sample, part, OnDisk(selection, at))

    learned = learnable(train, ends["train"])
    places = np.flatnonzero(holdout)
    held = rows.frame(places[drawn(len(places), MOST_SAMPLED, seed)])
    digest = fresh.digest_at(rows.in_source(holdout))
    parts = Parts(
        learned.frame,
        held,
        whole_train=learned.whole,
        whole_holdout=Part(len(places), digest, *ends["holdout"]),
        on_disk=learned.on_disk,
    )
    before = _before_reference(config, fresh, window)
    chosen = before + drawn(len(rows) - before, MOST_SAMPLED, seed)
    sampled = SampledRows(
        lambda: rows.frame(chosen), fresh.source_types, len(chosen), lambda: learnable(known, known_ends)
    )
    return sampled, parts


def sample_sentence(parts: Parts, rows: SampledRows, way: Way, config: Project) -> str:
    """Return what was learned from and judged on, for the log."""
    learned = f"{parts.train_rows:,} training rows"
    if parts.on_disk is not None:
        how = f"{learned} are {way.value}; the number of trees is chosen on {len(parts.train):,} of them"
    else:
        how = f"{len(parts.train):,} of {learned} are used (training.max_rows)"
    return (
        f"{how}; gate, metrics and plots use {len(parts.holdout):,} of {parts.holdout_rows:,} held-out rows, the "
        f"reference {rows.size:,} rows, all drawn evenly over time (training.seed: {config.training.seed})"
    )


def _before_reference(config: Project, fresh: Fresh, window: Window) -> int:
    """Return the number of rows before those of `windows.reference`."""
    if config.windows.reference is None:
        return 0
    moments = fresh.moments
    return int((moments < min(pd.Timestamp(window.end), moments.max()) - config.windows.reference).sum())


def _most(config: Project, rows: int) -> int:
    return rows if config.training.max_rows is None else config.training.max_rows


def _classes(config: Project, labels: NDArray[Any]) -> NDArray[np.int64] | None:
    return pd.factorize(labels)[0].astype(np.int64) if config.type.has_classes else None


def _marked(rows: int, part: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the rows of a part, whose index has their places in order of time."""
    made = np.zeros(rows, dtype=bool)
    index = part.index
    made[slice(index.start, index.stop) if isinstance(index, pd.RangeIndex) else index.to_numpy()] = True
    return made


def _ends(part: pd.DataFrame, time: str) -> tuple[datetime, datetime]:
    if part.empty:
        return EPOCH, EPOCH
    return part[time].iloc[0].to_pydatetime(), part[time].iloc[-1].to_pydatetime()
