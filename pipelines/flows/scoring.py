"""One pass over the fresh rows, in pieces: predictions, profiles for drift, losses. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prefect import get_run_logger

from driftloop.monitoring.drift.cells import with_labels_only
from driftloop.monitoring.drift.reference import PREDICTION, prediction_column
from driftloop.monitoring.estimation import ExpectedLosses, judge, sum_losses
from driftloop.monitoring.metrics.measuring import joined
from driftloop.monitoring.profiles import Profiles, like, merge
from driftloop.monitoring.records import (
    ArchiveScores,
    Causes,
    Estimate,
    FairnessGap,
    FoundSlice,
    Performance,
    Reference,
    Window,
)
from driftloop.monitoring.report.samples import places
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.rows.weights import as_rows, weights_of
from driftloop.monitoring.slices.judging import Sliced
from driftloop.monitoring.windows import inside
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.spread import spread
from driftloop.pipelines.flows.labeled_losses import Labelled, Losses, Metrics
from driftloop.pipelines.flows.paired_losses import Comparisons, Watches
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime.caching import by_content
from driftloop.pipelines.training import loss_model
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Summary of a pass over the fresh rows, of a size that does not grow with them.

    `profiles` and `sample` are of the current window, predictions included, without labels that are not due yet.
    `performance` is the loss on the labeled window, None without labels; `estimated` is the expected loss on the
    current window, None if the champion's version has no estimator. `sliced` is the loss on each slice, `fairness` are
    the rates of groups, `discovered` slices that are not configured, `causes` why the loss rose significantly.
    """

    profiles: Profiles
    sample: pd.DataFrame
    performance: Performance | None
    estimated: Estimate | None
    metrics: Metrics
    sliced: Sliced = field(default_factory=Sliced)
    archive: ArchiveScores | None = None
    shadow: ArchiveScores | None = None
    fairness: tuple[FairnessGap, ...] = ()
    discovered: tuple[FoundSlice, ...] = ()
    causes: Causes | None = None


@step(name="score rows", persist_result=True, cache_key_fn=by_content)
def score_rows(
    config: Project,
    champion: Version,
    fresh: Fresh,
    window: Window,
    labelled: Window,
    reference: Reference,
    profiles: Profiles,
    watches: Watches,
    key: str,
) -> Scored:
    """Predict all rows that are not in the log, and summarize them for drift, loss and estimate."""
    own_code.importable(config)
    scorer = registry.scorer(champion, config.training)
    kept = loss_model.load(registry.folder(champion), registry.manifest(champion))
    by, factor = _effective(fresh, window)
    # Of counted rows only those that the loss needs are here.
    here = fresh.counted is None
    chosen = places(fresh.count(window) if here else 0, config.drift.sample_rows, config.drift.seed, by)
    counted: list[Profiles] = []
    drawn: list[pd.DataFrame] = []
    losses, compared = Losses(config, labelled, fresh.count(labelled)), Comparisons.of(config, watches, scorer)
    expected_losses = ExpectedLosses()
    summing = Summing(config, window, scorer.classes, losses, compared, profiles, factor, kept, chosen, here)
    for some in _summed(config, champion, fresh, scorer, summing):
        counted = [merge(*counted, some.profile)]
        drawn.append(some.sample)
        losses.add(some.known)
        compared.add(some.others)
        expected_losses += some.expected
    found = _without_empty_predictions(config, counted[0]), pd.concat(drawn, ignore_index=True), expected_losses
    if not here:
        found = of_sample(config, champion, fresh, window, scorer, profiles, kept)
    own_profiles, sample, expected_losses = found
    return Scored(
        profiles=own_profiles,
        sample=sample,
        estimated=judge(kept.estimator, expected_losses, reference.loss) if kept is not None else None,
        **compared.scores(),
        **_of_labeled(losses, champion, scorer, reference),
    )


class Summed(NamedTuple):
    """What a pass keeps of some rows."""

    sample: pd.DataFrame
    profile: Profiles
    known: Labelled
    expected: ExpectedLosses
    others: Any


@dataclass(frozen=True)
class Summing:
    """Summary of some rows with their predictions; it can be sent to a worker of an engine.

    `chosen` are places of the sample among the rows of the window, `before` is how many of these came before the rows.
    """

    config: Project
    window: Window
    classes: tuple[str, ...]
    losses: Losses
    compared: Comparisons
    profiles: Profiles
    factor: float | None
    kept: loss_model.LossModel | None
    chosen: NDArray[np.intp]
    here: bool

    def __call__(self, rows: pd.DataFrame, predicted: Floats, before: int) -> Summed:
        config, chosen = self.config, self.chosen
        scored = has_prediction(predicted) if config.elsewhere else np.ones(len(rows), dtype=bool)
        others = self.compared.score(rows, predicted, self.classes)
        known = self.losses.of(rows, predicted, self.classes, scored)
        current = inside(rows[config.columns.time], self.window) & self.here
        if not current.all():
            rows, predicted, scored = rows[current], predicted[current], scored[current]
        part = _current(config, self.window, rows, predicted, self.classes)
        profile = like(self.profiles, part, _scaled(rows, config, self.factor))
        if not scored.all():
            rows, predicted = rows[scored], predicted[scored]
        by_row = loss_model.expect(self.kept, rows, predicted) if self.kept else None
        expected = sum_losses(*by_row, _scaled(rows, config, self.factor)) if by_row else ExpectedLosses()
        drawn = chosen[(chosen >= before) & (chosen < before + len(part))] - before
        return Summed(plain(part.iloc[drawn]), profile, known, expected, others)


@dataclass(frozen=True)
class Predicting:
    """Prediction and summary of some rows in a worker of an engine."""

    scorer: Scorer
    summing: Summing

    def __call__(self, rows: pd.DataFrame, before: int) -> Summed:
        return self.summing(rows, self.scorer.predict(rows), before)


def _summed(config: Project, champion: Version, fresh: Fresh, scorer: Scorer, summing: Summing) -> Iterator[Summed]:
    before = fresh.before(summing.window)
    if fresh.apart:
        # The log of predictions has none of these rows, or they would be here.
        return fresh.map(Predicting(scorer, summing), before)
    made = zip(fresh.pieces(), fresh.early(champion.model_id), strict=True)
    predicted = zip(_predicted(config, champion, made, scorer), before, strict=True)
    return spread(lambda given: summing(*given[0], given[1]), predicted)


def _of_labeled(losses: Losses, champion: Version, scorer: Scorer, reference: Reference) -> dict[str, Any]:
    """Return the fields of `Scored` that come from the losses of the labeled rows."""
    order = losses.order()
    pairs, performance = joined(losses.pairs, order), losses.performance(reference, order)
    sliced, (discovered, not_searched) = losses.sliced(reference, pairs, order), losses.discovered()
    return {
        "performance": performance,
        "metrics": losses.metrics(reference, pairs),
        "sliced": replace(sliced, findings=sliced.findings + not_searched),
        "fairness": losses.fairness(pairs, order),
        "discovered": discovered,
        "causes": losses.sample.find(champion, scorer, reference, performance),
    }


def of_sample(
    config: Project,
    champion: Version,
    fresh: Fresh,
    window: Window,
    scorer: Scorer,
    profiles: Profiles,
    kept: loss_model.LossModel | None,
) -> tuple[Profiles, pd.DataFrame, ExpectedLosses]:
    """Return what was counted, with the predictions of the sampled rows, these rows, and their expected losses."""
    assert fresh.counted is not None
    assert fresh.sample is not None
    ((rows, predicted),) = _predicted(config, champion, [(fresh.sample, None)], scorer)
    part = _current(config, window, rows, predicted, scorer.classes)
    predictions = like(replace(profiles, columns={PREDICTION: profiles[PREDICTION]}), part)
    there = {**fresh.counted.profiles.columns, **predictions.columns}
    columns = {name: there[name] for name in profiles}
    by_row = loss_model.expect(kept, rows, predicted) if kept else None
    expected = sum_losses(*by_row, None) if by_row else ExpectedLosses()
    return Profiles(fresh.counted.rows, columns), plain(part), expected


def _without_empty_predictions(config: Project, counted: Profiles) -> Profiles:
    """Leave rows without a prediction out: of a model elsewhere they are a finding, and no drift of predictions."""
    if not config.elsewhere:
        return counted
    return replace(counted, columns={**counted.columns, PREDICTION: with_labels_only(counted[PREDICTION])})


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
    config: Project, champion: Version, pieces: Iterable[tuple[pd.DataFrame, Floats | None]], scorer: Scorer
) -> Iterator[tuple[pd.DataFrame, Floats]]:
    """Yield the rows in pieces, with the champion's logged predictions, those made while reading, or new ones."""
    logged = rows = 0
    for piece, early in pieces:
        if champion.follows is not None:
            yield piece, scorer.predict(piece)
            continue
        log = prediction_log.find(config, champion, piece)
        logged, rows = logged + int(log.known.sum()), rows + len(piece)
        yield piece, log.completed(scorer, piece) if early is None or log.known.any() else early
    if logged:
        get_run_logger().info("%s of %s predictions come from the prediction log", f"{logged:,}", f"{rows:,}")
