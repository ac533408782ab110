"""A backtest of a config from its rows to its study; writes the cache under the state folder and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from driftloop.monitoring.errors import HistoryTooShort
from driftloop.monitoring.records import changed
from driftloop.monitoring.rows.weights import weights_of
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines.backtest import store
from driftloop.pipelines.backtest.batches import Batches, read_batches
from driftloop.pipelines.backtest.candidates import candidates
from driftloop.pipelines.backtest.drift_scores import DriftScores
from driftloop.pipelines.backtest.matrices import Matrices, build
from driftloop.pipelines.backtest.study import HISTORY, Study, study
from driftloop.pipelines.backtest.training_windows import WindowLoss, compare, plan
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.elsewhere import refuse_elsewhere
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from driftloop.pipelines.runtime import home, phases
from driftloop.pipelines.training.fit import allowed, weighable


def backtest(
    config: Project,
    now: datetime,
    *,
    policies: Sequence[str] = (),
    cost: float = 0.2,
    batch: timedelta | int | None = None,
    label_delay: timedelta | int | None = None,
    recalibrate: float | None = None,
    keep_models: bool = False,
) -> Study:
    """Cut, train and score, replay. `label_delay` is a span or a number of batches; default: columns.label_delay.

    With `recalibrate`, the cost of a recalibration as a fraction of one batch's loss, policies are also replayed with
    recalibrations. With `keep_models` the archive has models of the history too (`Study.history_models`).
    Policies that are not there raise `UnknownPolicy` before anything is read.
    """
    refuse_elsewhere(config, "backtest")
    asked = candidates(config.policies, policies, cost=cost)
    home.prepare()
    own_code.importable(config)
    phases.enter("reading rows")
    batches = read_batches(config, batch, now)
    allowed(batches.frame[config.columns.target], config.loss)
    weighable(weights_of(batches.frame, config.columns))
    delay = _in_batches(config.columns.label_delay if label_delay is None else label_delay, batches)
    if batches.labels is not None:
        batches = replace(batches, labels=batches.labels.deployed(delay * batches.length))
    metrics = sorted(frozenset[str]().union(*(policy.metrics for one in asked for policy in one.group)))
    kept = store.folder(config, batches, metrics, recalibrates=recalibrate is not None)
    with phases.counted("training and scoring", len(batches) - 1) as done:
        matrices = build(config, batches, kept, done, metrics, recalibrates=recalibrate is not None)
    windows = _windows(config, batches, matrices, kept)
    phases.enter("replaying policies")
    first = len(batches.windows) - len(matrices.windows)
    reads = any(one.looks_at_drift for one in asked)
    scores = DriftScores(config, batches, first, kept) if reads else None
    made = study(
        matrices,
        asked,
        model=config.model,
        loss_name=config.loss.name,
        every=batches.length,
        cost=cost,
        label_delay=delay,
        scores=scores,
        notes=_notes(config) + batches.notes,
        archive=config.archive,
        recalibrate=recalibrate,
        keep_models=keep_models,
    )
    if scores is not None:
        scores.keep()
    return changed(made, training_windows=windows)


def _windows(config: Project, batches: Batches, matrices: Matrices, kept: Path) -> tuple[WindowLoss, ...]:
    """Compare training windows, where the history is long enough for it."""
    planned = plan(batches, config.training.window)
    if not len(planned):
        return ()
    with phases.counted("comparing training windows", len(planned)) as done:
        return compare(config, batches, matrices, planned, kept, done)


def _notes(config: Project) -> tuple[str, ...]:
    """What operation does and a replay does not."""
    notes = []
    if isinstance(config.training.window, ChosenSpan):
        notes.append(f"training.window: choose is replayed with its base, {format_duration(config.training.window)}")
    if config.training.search is not None:
        notes.append("training.search is not replayed: every model has the parameters of training.params")
    return tuple(notes)


def _in_batches(delay: timedelta | int, batches: Batches) -> int:
    """Return the label delay in whole batches; raise before any training if they are too many."""
    late = delay if isinstance(delay, int) else math.ceil(delay / batches.length)
    if round(HISTORY * len(batches)) - late < 2:
        raise HistoryTooShort(
            f"{len(batches)} batches, with labels that come {late} batches late",
            needed=math.ceil((late + 2) / HISTORY),
            remedy="a longer history, or longer batches (--batch), of which the delay takes fewer",
        )
    return late
