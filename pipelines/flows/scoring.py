"""One pass over the fresh rows, in pieces: predictions, profiles for drift, losses. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prefect import get_run_logger, task

from driftloop.monitoring.drift.cells import with_labels_only
from driftloop.monitoring.drift.reference import PREDICTION, prediction_column
from driftloop.monitoring.estimation import ExpectedLosses, judge, sum_losses
from driftloop.monitoring.losses.performance import assess
from driftloop.monitoring.metrics import Pairs
from driftloop.monitoring.metrics.measuring import calibration, class_rows, confusion, joined, measure, pairs_of
from driftloop.monitoring.profiles import Profiles, like, merge
from driftloop.monitoring.records import (
    ArchiveScores,
    CalibrationBin,
    Confusion,
    Estimate,
    FairnessGap,
    FoundSlice,
    MetricValue,
    Performance,
    Reference,
    Window,
)
from driftloop.monitoring.report.samples import places
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.rows.weights import as_rows, effective_rows, scaled, weights_of
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.slices.conditions import measurable
from driftloop.monitoring.slices.fairness import measure as measure_fairness
from driftloop.monitoring.slices.judging import Measured, Sliced, not_read
from driftloop.monitoring.slices.judging import score as score_slices
from driftloop.monitoring.slices.membership import Marked, mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.monitoring.windows import inside
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.spread import spread
from driftloop.pipelines.flows.watching import Comparison, Watch
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime.caching import by_content
from driftloop.pipelines.training import loss_model
from driftloop.pipelines.training.discovery import Search
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Summary of a pass over the fresh rows, of a size that does not grow with them.

    `profiles` and `sample` are of the current window, predictions included, without labels that are not due yet.
    `performance` is the loss on the labeled window, None without labels; `estimated` is the expected loss on the
    current window, None if the champion's version has no estimator. `sliced` is the loss on each slice, `fairness` are
    the rates of groups, `discovered` slices that are not configured.
    """

    profiles: Profiles
    sample: pd.DataFrame
    performance: Performance | None
    estimated: Estimate | None
    metrics: Metrics
    sliced: Sliced = field(default_factory=Sliced)
    archive: ArchiveScores | None = None
    fairness: tuple[FairnessGap, ...] = ()
    discovered: tuple[FoundSlice, ...] = ()


@task(name="score rows", persist_result=True, cache_key_fn=by_content)
def score_rows(
    config: Project,
    champion: Version,
    fresh: Fresh,
    window: Window,
    labelled: Window,
    reference: Reference,
    profiles: Profiles,
    watch: Watch | None,
    key: str,
) -> Scored:
    """Predict all rows that are not in the log, and summarize them for drift, loss and estimate."""
    own_code.importable(config)
    scorer = registry.scorer(champion, config.training)
    kept = loss_model.load(registry.folder(champion), registry.manifest(champion))
    by, factor = _effective(fresh, window)
    chosen = places(fresh.count(window), config.drift.sample_rows, config.drift.seed, by)
    counted: list[Profiles] = []
    drawn: list[pd.DataFrame] = []
    losses, compared = Losses(config, labelled, fresh.count(labelled)), Comparison.of(config, watch, scorer)
    expected_losses, before = ExpectedLosses(), 0

    def sum_up(piece: tuple[pd.DataFrame, Floats]) -> tuple[pd.DataFrame, Profiles, Labelled, ExpectedLosses, Any]:
        rows, predicted = piece
        scored = has_prediction(predicted) if config.elsewhere else np.ones(len(rows), dtype=bool)
        others = compared.score(rows, predicted, scorer.classes) if compared is not None else None
        known = losses.of(rows, predicted, scorer.classes, scored)
        current = inside(rows[config.columns.time], window)
        if not current.all():
            rows, predicted, scored = rows[current], predicted[current], scored[current]
        part = _current(config, window, rows, predicted, scorer.classes)
        profile = like(profiles, part, _scaled(rows, config, factor))
        if not scored.all():
            rows, predicted = rows[scored], predicted[scored]
        by_row = loss_model.expect(kept, rows, predicted) if kept else None
        expected = sum_losses(*by_row, _scaled(rows, config, factor)) if by_row else ExpectedLosses()
        return part, profile, known, expected, others

    for rows, profile, known, expected, others in spread(sum_up, _predicted(config, champion, fresh, scorer)):
        counted = [merge(*counted, profile)]
        drawn.append(plain(rows.iloc[chosen[(chosen >= before) & (chosen < before + len(rows))] - before]))
        before += len(rows)
        losses.add(known)
        if compared is not None:
            compared.add(others)
        expected_losses += expected
    order = losses.order()
    pairs = joined(losses.pairs, order)
    found = counted[0]
    if config.elsewhere:
        # A row without a prediction is a finding, and no drift of the predictions.
        found = replace(found, columns={**found.columns, PREDICTION: with_labels_only(found[PREDICTION])})
    return Scored(
        profiles=found,
        sample=pd.concat(drawn, ignore_index=True),
        performance=losses.performance(reference, order),
        metrics=losses.metrics(reference, pairs),
        sliced=losses.sliced(reference, pairs, order),
        archive=compared.scores() if compared is not None else None,
        fairness=losses.fairness(pairs, order),
        discovered=losses.discovered(),
        estimated=judge(kept.estimator, expected_losses, reference.loss) if kept is not None else None,
    )


def has_prediction(predicted: Floats) -> NDArray[np.bool_]:
    """Return for each row, shape (n,), whether it has a prediction; a model elsewhere may have none (NaN)."""
    return ~np.isnan(predicted if predicted.ndim == 1 else predicted[:, 0])


def _effective(fresh: Fresh, window: Window) -> tuple[Floats | None, float | None]:
    """Return weights whose sum is the effective number of rows, and their ratio to those of the source."""
    raw = fresh.weights(window)
    by = as_rows(raw)
    return by, None if by is None or raw is None else float(by.sum() / raw.sum())


def _scaled(rows: pd.DataFrame, config: Project, factor: float | None) -> Floats | None:
    weights = weights_of(rows, config.columns)
    return None if weights is None or factor is None else weights * factor


class Metrics(NamedTuple):
    """Metrics of the labeled rows and, for classes, their number, confusion matrix and calibration."""

    values: tuple[MetricValue, ...] = ()
    confusion: Confusion | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    class_labels: dict[str, int] | None = None


class Labelled(NamedTuple):
    """Losses of some labeled rows, with labels, predictions and times: shapes (n,).

    `size` are the labels that a relative loss divides by, otherwise empty; so are `weights` without `columns.weight`.
    """

    losses: Floats
    pairs: Pairs
    size: Floats
    moments: NDArray[np.datetime64]
    weights: Floats
    marked: tuple[Marked, ...] = ()
    grouped: tuple[Marked, ...] = ()
    searched: pd.DataFrame | None = None


class Losses:
    """Losses, labels and predictions of the labeled rows with their times, at most 40 bytes per row.

    Each entry of `slices` adds four bytes per row, weights add 16.
    """

    def __init__(self, config: Project, labelled: Window, rows: int) -> None:
        self.config, self.labelled = config, labelled
        self.search = Search(config, rows) if any(each.discover for each in config.slices) else None
        self.losses: list[Floats] = []
        self.sizes: list[Floats] = []
        self.pairs: list[Pairs] = []
        self.moments: list[NDArray[np.datetime64]] = []
        self.weights: list[Floats] = []
        slices, self.not_sliced = measurable(config.slices, config.columns)
        self.slicing = Slicing(slices)
        groups, not_grouped = measurable(config.fairness.by if config.fairness else (), config.columns)
        self.not_sliced |= not_grouped
        self.grouping = Slicing(groups)

    def of(
        self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...], scored: NDArray[np.bool_]
    ) -> Labelled:
        """Return the losses of the labeled ones among some canonical rows that have a prediction (`scored`)."""
        columns = self.config.columns
        time, target = rows[columns.time], rows[columns.target]
        known = inside(time, self.labelled) & labelled_rows(rows, columns) & scored
        weights = weights_of(rows, columns)
        weights = None if weights is None else weights[known]
        labels = target.to_numpy()[known]
        loss, scores = self.config.loss, predicted[known]
        pairs = pairs_of(labels, scores, classes, loss.decide(scores, classes) if classes else None, weights)
        size = np.asarray(labels, dtype=np.float64) if loss.relative else np.empty(0)
        marked, grouped = (
            tuple(Marked(each.codes[known], each.names) for each in mark(slicing.slices, rows, self.config.columns))
            for slicing in (self.slicing, self.grouping)
        )
        moments = time.dt.tz_convert(None).to_numpy()[known]
        searched = rows.loc[known, self.search.columns] if self.search else None
        lost, kept = loss.rows(labels, scores, classes), np.empty(0) if weights is None else weights
        return Labelled(lost, pairs, size, moments, kept, marked, grouped, searched)

    def add(self, some: Labelled) -> None:
        """Add the losses of more rows."""
        self.losses.append(some.losses)
        self.moments.append(some.moments)
        self.sizes.append(some.size)
        self.pairs.append(some.pairs)
        self.weights.append(some.weights)
        self.slicing.add(some.marked)
        self.grouping.add(some.grouped)
        if self.search is not None and some.searched is not None:
            self.search.add(some.searched, some.losses)

    def order(self) -> NDArray[np.intp] | None:
        """Return the places of all labeled rows by time; None if they are in order."""
        moments = np.concatenate(self.moments)
        return np.argsort(moments, kind="stable") if (moments[1:] < moments[:-1]).any() else None

    def performance(self, reference: Reference, order: NDArray[np.intp] | None) -> Performance | None:
        """Return the mean with its interval, computed in order of time; None without labels."""
        losses = np.concatenate(self.losses)
        if not len(losses):
            return None
        raw, weights = np.concatenate(self.weights), self.weighed()
        losses = self.config.loss.whole(losses, np.concatenate(self.sizes), weights)
        if order is not None:
            losses = losses[order]
        return assess(
            losses,
            loss_name=self.config.loss.name,
            window=self.labelled,
            reference_loss=reference.loss,
            reference_rows=reference.loss_rows,
            effective_rows=None if weights is None else effective_rows(raw),
        )

    def weighed(self) -> Floats | None:
        """Return the weights of all labeled rows with a mean of 1, as the losses are ordered; None if all are equal."""
        return scaled(np.concatenate(self.weights))

    def metrics(self, reference: Reference, pairs: Pairs) -> Metrics:
        """Metrics with intervals, confusion matrix and calibration of all labeled rows, in their order of time."""
        if not len(pairs):
            return Metrics()
        found = measure(self.config.measured, pairs, reference.metrics)
        return Metrics(found, confusion(pairs), calibration(pairs), class_rows(pairs))

    def discovered(self) -> tuple[FoundSlice, ...]:
        """Return conditions on which the champion loses more than on other rows, if they are requested."""
        return self.search.found() if self.search is not None else ()

    def fairness(self, pairs: Pairs, order: NDArray[np.intp] | None) -> tuple[FairnessGap, ...]:
        """Return the rates of the groups and their gaps; `pairs` are all labeled rows in their order of time."""
        if self.config.fairness is None:
            return ()
        return measure_fairness(self.config.fairness, self.config.task, self.grouping, pairs, order)

    def sliced(self, reference: Reference, pairs: Pairs, order: NDArray[np.intp] | None) -> Sliced:
        """Return loss and metrics on each slice against the reference's; nothing without slices or labels.

        `pairs` are all labeled rows in their order of time.
        """
        findings = not_read(self.not_sliced)
        if not self.slicing.slices:
            return Sliced(findings=findings)
        lost, target, weights = np.concatenate(self.losses), np.concatenate(self.sizes), self.weighed()
        if order is not None:
            lost, target = lost[order], target[order] if len(target) else target
            weights = None if weights is None else weights[order]
        rows = Measured(lost, target, self.config.loss, pairs, self.config.measured, weights)
        found = score_slices(self.slicing, rows, order, reference.slices)
        return Sliced(found.scores, findings + found.findings)


def _current(
    config: Project, window: Window, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]
) -> pd.DataFrame:
    """Return rows of the current window with their predictions, without labels that are not due yet (in a replay)."""
    due = rows[config.columns.time] < window.end - config.columns.label_delay
    values = prediction_column(predicted, classes)
    result = rows.assign(**{PREDICTION: pd.Series(values, index=rows.index, dtype=values.dtype)})
    target = config.columns.target
    return result if due.all() else result.assign(**{target: rows[target].where(due, None)})


def _predicted(
    config: Project, champion: Version, fresh: Fresh, scorer: Scorer
) -> Iterator[tuple[pd.DataFrame, Floats]]:
    """Yield the rows in pieces, with the champion's logged predictions, or new ones."""
    logged = rows = 0
    for piece in fresh.pieces():
        if champion.follows is not None:
            yield piece, scorer.predict(piece)
            continue
        log = prediction_log.find(config, champion, piece)
        logged, rows = logged + int(log.known.sum()), rows + len(piece)
        yield piece, log.completed(scorer, piece)
    if logged:
        get_run_logger().info("%s of %s predictions come from the prediction log", f"{logged:,}", f"{rows:,}")
