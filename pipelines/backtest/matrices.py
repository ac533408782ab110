"""The loss of every model of a history on every later batch, and of the probes: trained once, kept by content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import HistoryTooShort, LossNotFinite, TrainingImpossible
from driftloop.monitoring.losses.performance import WAVES, standard_error, waves
from driftloop.monitoring.metrics import Metric
from driftloop.monitoring.metrics import named as metric_named
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.rows.weights import labelled, scaled, weights_of
from driftloop.monitoring.windows import within
from driftloop.pipelines.backtest import recalibrations, store
from driftloop.pipelines.backtest.batch_metrics import class_rows, ends_of
from driftloop.pipelines.backtest.batches import NEEDED, Batches, notes_on
from driftloop.pipelines.backtest.recalibrations import Recalibrated
from driftloop.pipelines.backtest.store import Row
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.fit import preload
from driftloop.pipelines.training.probe import fit_probe
from driftloop.pipelines.training.refit import why_not
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import divide, learn
from driftloop.pipelines.training.threads import free_threads

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Floats = NDArray[np.float64]
ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Matrices:
    """What a replay needs, over B batches; `windows[j]` is when batch j was.

    `loss[i, j]`, for j > i, is the mean loss on batch j of the model trained at the end of batch i, `error[i, j]` its
    standard error; `probe[j - 1, j]` the loss of the probe trained at the end of batch j - 1, `naive[j]` that of the
    best constant of the rows before batch j. `waves[i, j]` are the slowest waves of the losses behind `loss[i, j]`.
    `rows[j]` are the labeled rows of batch j. The first `short` models had less than a whole training window to learn
    from. `notes` say where no model could be trained. `metrics` has, by name, value, low and high of the metrics that
    triggers read, shape (B, B, 3), NaN where one cannot be computed; `class_rows` the rows of each class by batch.
    `recalibrated` are the gains of recalibrations, by model and batch, if measured.
    """

    loss: Floats
    error: Floats
    probe: Floats
    rows: NDArray[np.int64]
    windows: tuple[Window, ...]
    waves: Floats | None = None
    naive: Floats | None = None
    short: int = 0
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, Floats] = field(default_factory=dict)
    class_rows: tuple[dict[str, int], ...] = ()
    recalibrated: Recalibrated | None = None


def build(
    config: Project,
    batches: Batches,
    folder: Path,
    on_done: Callable[[], None] = lambda: None,
    metrics: Sequence[str] = (),
    *,
    recalibrates: bool = False,
) -> Matrices:
    """Train at the end of every batch as a retrain would, and score each model on all that comes after.

    A model learns from `training.window` before that moment: its recipe is chosen on the part before the holdout, and
    it is fitted on that part, or again on all of it with `training.refit`. Where training is impossible (too
    few rows, one class, a feature without a value) the model before stays, as it does in production; before the first
    possible one there are no batches. What was
    computed for the same rows and settings before is read from `folder`, one file a model, so that a run that was
    interrupted goes on. All cores are used, one model each; a custom function runs alone, because it may not
    support parallel runs. `on_done` is called after each model.
    """
    job = replace(Job.of(config, batches, tuple(metric_named(name) for name in metrics)), recalibrates=recalibrates)
    last = len(batches.windows) - 1
    found: dict[int, Row] = {}
    for at, row in _rows(job, range(batches.first, last), folder):
        found[at] = row
        on_done()
    return _joined(job, found)


@dataclass(frozen=True)
class Job:
    """One history with the config as its models are trained; `scored` are the labeled rows, cut at `edges`."""

    config: Project
    batches: Batches
    frame: pd.DataFrame
    scored: pd.DataFrame
    edges: NDArray[np.int64]
    workers: int
    metrics: tuple[Metric, ...]
    recalibrates: bool = False

    @classmethod
    def of(cls, config: Project, batches: Batches, metrics: tuple[Metric, ...] = ()) -> Job:
        threads = free_threads(config.training.threads)
        alone = ":" in config.training.estimator
        training = changed(config.training, threads=threads if alone else 1)
        # Levels are looked up once for the whole history instead of once a model and row.
        made = {name: batches.frame[name].astype("category") for name in config.columns.categorical}
        frame = batches.frame.assign(**made)
        known = labelled(frame, config.columns)
        counted = np.concatenate([[0], np.cumsum(known)])
        edges = counted[np.stack([batches.starts, batches.stops])]
        one = changed(config, training=training)
        preload(config.training.estimator)
        return cls(one, batches, frame, frame[known], edges, 1 if alone else threads, metrics)


def _rows(job: Job, places: range, folder: Path) -> Iterator[tuple[int, Row]]:
    missing = []
    for at in places:
        row = store.load(folder, at, later=places.stop - at, metrics=len(job.metrics))
        if row is None:
            missing.append(at)
        else:
            yield at, row
    with ThreadPoolExecutor(job.workers) as pool:
        waiting = {pool.submit(_row, job, at): at for at in missing}
        try:
            for done in as_completed(waiting):
                row = done.result()
                store.save(folder, waiting[done], row)
                yield waiting[done], row
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _row(job: Job, at: int) -> Row:
    """One model and its probe on all later batches."""
    later = len(job.batches.windows) - 1 - at
    nothing, still = np.full(later, np.nan), np.zeros((later, WAVES))
    unmeasured = np.full((len(job.metrics), later, 3), np.nan)
    try:
        rows, scorer = trained(job, at)
    except TrainingImpossible as why:
        return Row(nothing, nothing, np.nan, waves=still, impossible=why.found, metrics=unmeasured)
    try:
        cheap = fit_probe(job.config, rows, here=True)
        probe = float(mean_losses(job, cheap, at + 1, at + 2)[0][0])
    except TrainingImpossible:
        probe = np.nan
    loss, error, slow = mean_losses(job, scorer, at + 1, at + 1 + later, unmeasured)
    naive = _naive(job, rows, at + 1)
    row = Row(loss=loss, error=error, probe=probe, waves=slow, naive=naive, metrics=unmeasured)
    return (
        replace(row, recalibrated=recalibrations.measure(recalibrations.scored(job, scorer, at + 1, at + 1 + later)))
        if job.recalibrates
        else row
    )


def _naive(job: Job, rows: pd.DataFrame, batch: int) -> float:
    """The mean loss on a batch of the best constant of the rows learned from."""
    starts, stops = job.edges
    columns = job.config.columns
    known = job.scored.iloc[starts[batch] : stops[batch]]
    weights = weights_of(rows, columns), weights_of(known, columns)
    return float(naive_losses(rows[columns.target], known[columns.target], job.config.loss, *weights).mean())


def trained(job: Job, at: int) -> tuple[pd.DataFrame, Scorer]:
    """The model that is deployed at the end of a batch, and the rows that it has learned from.

    Its recipe is chosen on the rows before the holdout, as in a training run, and is fitted again on all rows where
    `training.refit` is set and the second fit passes the checks of a training run.
    """
    config, end = job.config, job.batches.windows[at].end
    window = Window(start=end - config.learned_span, end=end)
    rows = within(job.frame, config.columns.time, window)
    if job.batches.labels is not None:
        rows = job.batches.labels.as_of(rows, config.columns.target, end)
    parts = divide(config, rows, window)
    judged = learn(config, parts.train, {}, here=True)
    if not config.training.refit:
        return parts.train, judged
    known = rows[labelled(rows, config.columns)]
    final = learn(config, known, {}, like=judged, here=True)
    held = parts.holdout
    refused = why_not(
        judged.predict(held),
        final.predict(held),
        held[config.columns.target].to_numpy(),
        loss=config.loss,
        classes=judged.classes,
        weights=weights_of(held, config.columns),
    )
    return (known, final) if refused is None else (parts.train, judged)


def mean_losses(
    job: Job, scorer: Scorer, first: int, end: int, measured: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Mean loss, its standard error, and the slowest waves on the batches from `first` to before `end`.

    `measured`, shape (metrics, batches, 3), is filled with the metrics of these batches.
    """
    means, errors, slow = [], [], np.zeros((end - first, WAVES))
    starts, stops = job.edges
    at = first
    while at < end:
        # A few batches at once: one call of predict for each is slow where they are small, all at once takes memory.
        upto = max(at + 1, int(np.searchsorted(stops[:end], starts[at] + ROWS_AT_ONCE)))
        rows = job.scored.iloc[starts[at] : stops[upto - 1]]
        truth, weights = rows[job.config.columns.target].to_numpy(), weights_of(rows, job.config.columns)
        predicted = scorer.predict(rows)
        made = job.config.loss.rows(truth, predicted, scorer.classes)
        for batch in range(at, upto):
            there = slice(starts[batch] - starts[at], stops[batch] - starts[at])
            mine = None if weights is None else scaled(weights[there])
            part = job.config.loss.whole(made[there], truth[there], mine)
            means.append(part.mean())
            errors.append(standard_error(part))
            if np.isfinite(errors[-1]):
                made_of = waves(part)
                slow[batch - first, : len(made_of)] = made_of
            if measured is not None and job.metrics:
                measured[:, batch - first] = ends_of(
                    job.metrics, job.config.loss, scorer.classes, truth[there], predicted[there], mine
                )
        at = upto
    if not np.isfinite(means).all():
        bad = first + int(np.argmin(np.isfinite(means)))
        raise LossNotFinite(job.batches.windows[first - 1].end, job.batches.windows[bad])
    return np.array(means), np.array(errors), slow


def _joined(job: Job, found: dict[int, Row]) -> Matrices:
    """Rows laid into matrices. The first model that could be trained begins; one that could not is the one before."""
    batches, names = job.batches, [metric.name for metric in job.metrics]
    total = len(batches.windows)
    possible = [at for at in sorted(found) if not found[at].impossible]
    first = possible[0] if possible else total
    if total - first < NEEDED:
        raise _too_few(batches, found, total - first)
    size = total - first
    loss, error, probe = (np.full((size, size), np.nan) for _ in range(3))
    naive, slow = np.full(size, np.nan), np.zeros((size, size, WAVES))
    measured = np.full((len(names), size, size, 3), np.nan)
    for at in range(first, total - 1):
        row, place = found[at], at - first
        later = slice(place + 1, None)
        before = (loss[place - 1, later], error[place - 1, later])
        loss[place, later], error[place, later] = before if row.impossible else (row.loss, row.error)
        slow[place, later] = slow[place - 1, later] if row.impossible else row.waves
        measured[:, place, later] = measured[:, place - 1, later] if row.impossible else row.metrics
        naive[place + 1] = naive[place] if row.impossible else row.naive
        # Without a probe of its own the full model is measured.
        probe[place, place + 1] = row.probe if np.isfinite(row.probe) else loss[place, place + 1]
    rows = batches.labelled[first:]
    short = max(batches.full - first, 0)
    return Matrices(
        loss,
        error,
        probe,
        rows,
        batches.windows[first:],
        slow,
        naive,
        short,
        notes_on(batches, {at: row.impossible for at, row in found.items()}, first),
        dict(zip(names, measured, strict=True)),
        class_rows(job.scored[job.config.columns.target], job.edges[:, first:]) if job.config.type.has_classes else (),
        recalibrations.joined([found[at] for at in range(first, total - 1)]) if job.recalibrates else None,
    )


def _too_few(batches: Batches, found: dict[int, Row], left: int) -> HistoryTooShort:
    reasons = [found[at].impossible for at in sorted(found) if found[at].impossible]
    text = f"{left} batches follow the first possible training run; before it: {reasons[0]}"
    return HistoryTooShort(text, needed=NEEDED, remedy="see training.window and training.min_rows, or fix the source")
