"""The steps of one project's training as plain functions; the flow's tasks and the backtest call the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.metrics import Pairs
from driftloop.monitoring.metrics.measuring import pairs_of
from driftloop.monitoring.quality.lateness import lateness
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines.training.as_adopted import template
from driftloop.pipelines.training.fit import allowed, fit, weighable
from driftloop.pipelines.training.recipe import AS_ADOPTED
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.split import split, taken

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project
    from driftloop.pipelines.data.selection import Selection


@dataclass(frozen=True)
class Part:
    """The rows that a sample represents: their number, a digest of their content, and their first and last time."""

    rows: int
    digest: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class OnDisk:
    """Rows that xgboost reads from disk; with `cache`, a folder, it keeps its values in a file there."""

    selection: Selection
    cache: Path | None = None


@dataclass(frozen=True)
class Parts:
    """The labeled rows of a training: to learn from, and the newest ones to be judged by.

    Where a frame is a sample, `whole_train` or `whole_holdout` is what it was drawn from, and `on_disk` has all rows
    to learn from if xgboost reads them.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    whole_train: Part | None = None
    whole_holdout: Part | None = None
    on_disk: OnDisk | None = None

    @property
    def train_rows(self) -> int:
        """The number of rows that are learned from, or that their sample was drawn from."""
        return len(self.train) if self.whole_train is None else self.whole_train.rows

    @property
    def holdout_rows(self) -> int:
        """The number of held-out rows, or of those that their sample was drawn from."""
        return len(self.holdout) if self.whole_holdout is None else self.whole_holdout.rows


def divide(config: Project, frame: pd.DataFrame, window: Window) -> Parts:
    """Cut the labeled rows of the window in order of time, with a gap of the label delay before the holdout.

    The window is longer than `training.window` by the gap, so that the delay does not reduce the training rows.
    Without enough labeled rows, or any before the holdout, raises `TrainingImpossible`.
    """
    columns = config.columns
    weighable(weights_of(frame, columns))
    labelled = taken(frame, labelled_rows(frame, columns))
    late = lateness(frame, columns.time, columns.target)
    if labelled.empty:
        ends = "" if frame.empty else f": {late.sentence(columns.label_delay)}"
        raise TrainingImpossible(
            "no_data" if frame.empty else "no_labels",
            f"{len(frame):,} rows in {window}, none of them labeled{ends}",
            expected=f"at least {config.training.min_rows} labeled rows",
            remedy=late.remedy(columns.label_delay) if len(frame) else "wait for rows, or widen training.window",
        )
    if len(labelled) < config.training.min_rows:
        missing = len(frame) - len(labelled)
        ends = f"; {missing:,} more rows have no label: {late.sentence(columns.label_delay)}" if missing else ""
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(labelled):,} labeled rows in {window}, at least {config.training.min_rows:,} are needed{ends}",
            expected=f"training.min_rows: {config.training.min_rows}",
            remedy="wait for more rows, or widen training.window",
        )
    allowed(labelled[columns.target], config.loss)
    # A history shorter than the window keeps the same proportion between the two parts.
    span = config.training.window
    begun = max(window.end - span, window.start, labelled[config.columns.time].iloc[0].to_pydatetime())
    start = window.end - (window.end - begun) * (config.held_out / span)
    train, holdout = split(labelled, config.columns.time, holdout_start=start, gap=config.columns.label_delay)
    if train.empty:
        raise TrainingImpossible(
            "too_few_rows",
            f"all {len(labelled):,} labeled rows in {window} are held out, or in the gap of the label delay "
            f"({format_duration(config.columns.label_delay)}) before the holdout",
            expected="rows before the holdout and its gap",
            remedy="wait for more rows, or widen training.window",
        )
    if len(holdout) < config.gate.min_rows and len(holdout) < int((frame[columns.time] >= start).sum()):
        raise TrainingImpossible(
            "no_labels",
            f"{len(holdout):,} rows of the holdout ({start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}) have labels"
            f": {late.sentence(columns.label_delay)}",
            expected=f"at least {config.gate.min_rows:,} labeled rows to judge a model by (gate.min_rows)",
            remedy=late.remedy(columns.label_delay),
        )
    return Parts(train=train, holdout=holdout)


def learn(
    config: Project,
    frame: pd.DataFrame,
    params: dict[str, Any],
    *,
    like: Scorer | None = None,
    here: bool = False,
    on_disk: OnDisk | None = None,
) -> Scorer:
    """Fit what the config names on labeled rows in order of time; `params` come on top of its own.

    `on_disk` has all rows, of which `frame` is a sample.

    `like`: take features, classes and recipe of that model. `here`: a function of the user's own runs in this process,
    without limits. A backtest makes hundreds of fits while a user waits; a process for each would cost more than the
    fit.
    """
    columns = config.columns
    if on_disk is not None:
        from driftloop.pipelines.training.fit_stored import fit_stored

        return fit_stored(config, on_disk.selection, frame, params, like=like, cache=on_disk.cache)
    return fit(
        frame,
        frame[columns.target],
        columns.numeric,
        columns.categorical,
        config.task,
        config.training,
        params,
        config.loss,
        like=like,
        here=here,
        weights=weights_of(frame, columns),
        adopted=template(config.model) if config.training.estimator == AS_ADOPTED else None,
    )


def losses(config: Project, scorer: Scorer, frame: pd.DataFrame) -> np.ndarray:
    """Return values of all rows of a frame, in their order, whose mean is their loss (`Loss.whole`): shape (n,)."""
    weights = scaled(weights_of(frame, config.columns))
    return config.loss.whole(row_losses(config, scorer, frame), frame[config.columns.target].to_numpy(), weights)


def pairs_with(config: Project, scorer: Scorer, frame: pd.DataFrame) -> Pairs:
    """Return the labels of rows, in their order, with predictions and decisions of the model."""
    predicted = scorer.predict(frame)
    decided = config.loss.decide(predicted, scorer.classes) if scorer.classes else None
    weights = scaled(weights_of(frame, config.columns))
    return pairs_of(frame[config.columns.target].to_numpy(), predicted, scorer.classes, decided, weights)


def row_losses(config: Project, scorer: Scorer, frame: pd.DataFrame) -> np.ndarray:
    """Return the loss of every row of a frame as `Loss.rows` defines it, in their order: shape (n,)."""
    return config.loss.rows(frame[config.columns.target].to_numpy(), scorer.predict(frame), scorer.classes)
