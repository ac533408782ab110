"""Steps of a training run as Prefect tasks: split, fit, evaluate, gate, log, register, prove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.drift.reference import PREDICTION, describe, prediction_column, profiled
from driftloop.monitoring.errors import listed
from driftloop.monitoring.ledger import Progress
from driftloop.monitoring.records import SliceReference, Window, changed
from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.rows.weights import as_rows, counted, labelled, weights_of
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.gate import Evaluation, Model, Verdict, judge
from driftloop.pipelines.registry import Stored, Version, contents, evidence
from driftloop.pipelines.training.evaluating import evaluation, metrics_of
from driftloop.pipelines.training.large import SampledRows
from driftloop.pipelines.training.latency import measure, timed_rows
from driftloop.pipelines.training.learned import Learned, learned_from
from driftloop.pipelines.training.loss_model import LossModel
from driftloop.pipelines.training.objectives import distorted, objective
from driftloop.pipelines.training.plots import importances
from driftloop.pipelines.training.refit import why_not
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.slices import held_out
from driftloop.pipelines.training.split import taken, unseen
from driftloop.pipelines.training.steps import Parts, divide, learn
from driftloop.pipelines.training.weighing import weighed

DEFAULT_THRESHOLD = 0.5
VERIFIED_ROWS = 200  # rows whose predictions are stored, and compared once the model is loaded back


@dataclass(frozen=True)
class Evaluated:
    """Input of the gate, the champion for comparison, and the challenger's loss on every held-out row and slice.

    `metrics` are the challenger's on all of these rows, by name; `worth` is the effective number of them.
    """

    evaluation: Evaluation
    against: Version | None
    holdout: np.ndarray
    metrics: dict[str, float]
    slices: tuple[SliceReference, ...] = ()
    worth: int = 0


@dataclass(frozen=True)
class Final:
    """Model to store: fitted again on all labeled rows, or the model that the gate judged.

    `learned` are the rows it was trained on, by number and times; `refused` is the reason why a second fit is not used.
    """

    scorer: Scorer
    learned: Learned
    refit: bool
    refused: str | None = None


@step(name="split by time", cache_policy=NO_CACHE)
def split_rows(config: Project, rows: Canonical, window: Window) -> Parts:
    """Cut the labeled rows in order of time, with a gap of the label delay before the holdout."""
    return divide(config, rows.frame, window)


@step(name="fit challenger", cache_policy=NO_CACHE)
def fit_challenger(config: Project, parts: Parts, params: dict[str, Any]) -> Scorer:
    """Fit on the training part only; log the chosen recipe and the number of training rows."""
    scorer = learn(config, parts.train, params, on_disk=parts.on_disk)
    log = get_run_logger()
    if scorer.recipe is not None:
        log.info("%s", scorer.recipe.describe(config.loss))
    estimator = scorer.recipe.estimator if scorer.recipe else config.training.estimator
    given = scorer.recipe.params if scorer.recipe else params
    log.info("%s", objective(estimator, given, config.loss, classes=config.type.has_classes))
    if (warning := distorted(given, scorer.classes)) is not None:
        log.warning("%s", warning)
    weights = weights_of(parts.train, config.columns)
    if weights is not None:
        log.info("%s", weighed(config, estimator, weights))
    threshold = config.loss.threshold(scorer.classes)
    if threshold is not None and threshold != DEFAULT_THRESHOLD:
        log.info("%s is predicted where its probability is above %.4g", scorer.classes[1], threshold)
    learned = learned_from(config, parts.train, parts.whole_train, sampled=parts.on_disk is None)
    span = learned.span
    log.info("trained on %s rows that span %.1f days", f"{learned.rows:,}", span / timedelta(days=1))
    if span < config.training.window / 2:
        log.warning(
            "the training rows span %.1f days, less than half of training.window (%s): %s",
            span / timedelta(days=1),
            format_duration(config.training.window),
            "the source has no older rows, or training.holdout uses the rest",
        )
    return scorer


@step(name="refit on all rows", cache_policy=NO_CACHE)
def refit(config: Project, rows: Canonical, parts: Parts, judged: Scorer, params: dict[str, Any]) -> Final:
    """Fit the judged recipe again after the gate, on all labeled rows, holdout included.

    Features, levels, classes and the number of trees are the judged model's. If the second fit predicts the held-out
    rows more differently than `refit.why_not` allows, it is discarded, and the judged model serves.
    """
    target = config.columns.target
    first = learned_from(config, parts.train, parts.whole_train, sampled=parts.on_disk is None)
    if not config.training.refit:
        return Final(judged, first, refit=False)
    if isinstance(rows, SampledRows):
        known = rows.learnable()
        final = learn(config, known.frame, params, like=judged, on_disk=known.on_disk)
        learned = learned_from(config, known.frame, known.whole, sampled=known.on_disk is None)
        del known
    else:
        frame = taken(rows.frame, labelled(rows.frame, config.columns))
        final, learned = learn(config, frame, params, like=judged), learned_from(config, frame)
    held = parts.holdout
    refused = why_not(
        judged.predict(held),
        final.predict(held),
        held[target].to_numpy(),
        loss=config.loss,
        classes=judged.classes,
        weights=weights_of(held, config.columns),
    )
    if refused is not None:
        get_run_logger().warning("the refit on all rows is discarded and the judged model serves: %s", refused)
        return Final(judged, first, refit=False, refused=refused)
    return Final(final, learned, refit=True)


@step(name="evaluate on unseen rows", cache_policy=NO_CACHE)
def evaluate(config: Project, parts: Parts, scorer: Scorer, against: Version | None) -> Evaluated:
    """Return the losses of challenger, champion and naive baseline per holdout row that neither was trained on."""
    trained = against.trained_on if against else ()
    fair = unseen(parts.holdout, config.columns.time, trained)
    champion = contents.row_losses_of(config, against, fair) if against else None
    seconds = _seconds(config, scorer, against, fair) if against else {}
    judged = evaluation(config, parts.train, fair, scorer, champion, seconds)
    _log_small_slices(config, judged)
    for each in judged.fairness:
        get_run_logger().info("fairness: %s", each.sentence())
        for group in each.uncompared:
            get_run_logger().warning("fairness: %s of %s is not compared: %s", each.rate, group.group, group.reason)
    metrics = {one.metric: one.value for one in metrics_of(config, scorer, parts.holdout) if one.value is not None}
    holdout, slices = held_out(config, scorer, parts.holdout)
    return Evaluated(judged, against, holdout, metrics, slices, counted(parts.holdout, config.columns))


def _log_small_slices(config: Project, judged: Evaluation) -> None:
    """Log the slices that the gate cannot compare for lack of held-out rows."""
    keys = config.gate.no_slice_worse
    small = [each.name for each in judged.slices if keys and len(each.champion) < keys.min_rows]
    if keys and small:
        get_run_logger().warning(
            "%d of %d slices have fewer than %d held-out rows (gate.no_slice_worse.min_rows) and are not compared: %s",
            *(len(small), len(judged.slices), keys.min_rows, listed(small)),
        )


def _seconds(config: Project, scorer: Scorer, against: Version, fair: pd.DataFrame) -> dict[Model, float]:
    """Measure the time of challenger and champion for 1,000 rows, if the gate limits it."""
    if config.gate.max_latency is None or fair.empty:
        return {}
    rows = timed_rows(fair)
    champion, known = registry.scorer(against, config.training), as_known(rows, registry.reference(against))
    return measure({"challenger": lambda: scorer.predict(rows), "champion": lambda: champion.predict(known)})


@step(name="gate", cache_policy=NO_CACHE)
def judge_gate(config: Project, evaluated: Evaluated) -> Verdict:
    """Run the promotion test: significantly better on the same held-out rows."""
    return judge(evaluated.evaluation, config.gate)


@step(name="log lineage", cache_policy=NO_CACHE)
def log_lineage(config: Project, parts: Parts, run_id: str) -> None:
    """Log the training and holdout rows to the run."""
    frames = {"training": parts.train, "holdout": parts.holdout}
    contents.log_datasets(run_id, config, frames, {"training": parts.whole_train, "holdout": parts.whole_holdout})


@step(name="log training", cache_policy=NO_CACHE)
def log_training(
    config: Project, scorer: Scorer, parts: Parts, verdict: Verdict, params: dict[str, Any], run_id: str
) -> None:
    """Log parameters, gate numbers, importances and plots of the challenger to the run, promoted or not."""
    contents.log_challenger(run_id, config, scorer, parts.holdout, params)
    log_verdict(parts, verdict, run_id)


def log_verdict(parts: Parts, verdict: Verdict, run_id: str) -> None:
    """Log the gate's numbers and verdict to the run, of a trained challenger or of a recalibration."""
    numbers = {
        "challenger_loss": verdict.challenger_loss,
        "champion_loss": verdict.champion_loss,
        "baseline_loss": verdict.baseline_loss,
        "gate_difference": verdict.difference,
        "gate_low": verdict.low,
        "gate_high": verdict.high,
        "train_rows": parts.train_rows,
        "holdout_rows": parts.holdout_rows,
    }
    evidence.log_numbers(run_id, {name: value for name, value in numbers.items() if value is not None})
    registry.client().log_text(run_id, verdict.model_dump_json(indent=1), "gate.json")


@step(name="store model", cache_policy=NO_CACHE)
def store(
    config: Project,
    rows: Canonical,
    window: Window,
    parts: Parts,
    final: Final,
    estimator: LossModel,
    evaluated: Evaluated,
    verdict: Verdict,
    request_id: str,
    run_id: str,
) -> Progress:
    """Store model, reference and their sha256, with everything needed to register it as the request's version."""
    time, scorer = config.columns.time, final.scorer
    known = rows.frame
    if config.windows.reference is not None:
        # From the newest row on: a window that ends in a gap of the data still has a reference.
        begins = min(window.end, known[time].max()) - config.windows.reference
        known = taken(known, (known[time] >= begins).to_numpy())
    known = known.assign(**{PREDICTION: prediction_column(scorer.predict(known), scorer.classes)})
    by = as_rows(weights_of(known, config.columns))
    kept = draw(known, config.drift.sample_rows, config.drift.seed, by)
    kept = kept.sort_values(time, kind="stable", ignore_index=True)
    described = changed(
        describe(
            known,
            config,
            window=Window(start=known[time].min(), end=window.end),
            source_types=rows.source_types,
            loss=float(evaluated.holdout.mean()),
            loss_rows=evaluated.worth,
        ),
        importance=importances(scorer),
        metrics=evaluated.metrics,
        slices=evaluated.slices,
    )
    learned = final.learned
    trained = Window(start=learned.starts, end=learned.ends + timedelta(microseconds=1))
    evidence.log_numbers(run_id, {"learned_rows": learned.rows, "learned_days": learned.span / timedelta(days=1)})
    tried = parts.holdout.head(VERIFIED_ROWS)
    profiles = profiled(known, config, window.end)
    held = (parts.holdout, evaluated.holdout)
    stored = contents.store(config, scorer, estimator, described, profiles, kept, tried, held, run_id=run_id)
    tags = contents.tags(described, trained, verdict, request_id)
    tags |= {"driftloop.refit": str(final.refit).lower(), "driftloop.learned_rows": str(learned.rows)}
    if final.refused is not None:
        tags["driftloop.refit_refused"] = final.refused
    if scorer.recipe is not None:
        tags["driftloop.recipe"] = scorer.recipe.model_dump_json()
    return progress_of(evaluated, verdict, run_id, stored, tags)


def bring_back(version: Version, evaluated: Evaluated, verdict: Verdict, request_id: str, run_id: str) -> Progress:
    """Return the progress of an earlier version that passed the gate again: the same stored model, a new number."""
    stored = Stored(version.model_id, version.tags["driftloop.manifest_sha256"])
    return progress_of(evaluated, verdict, run_id, stored, contents.brought_back(version, verdict, request_id))


def progress_of(evaluated: Evaluated, verdict: Verdict, run_id: str, stored: Stored, tags: dict[str, str]) -> Progress:
    """Return how far a stored challenger has come, so that any process can register and promote it."""
    return Progress(
        run_id=run_id,
        code=str(verdict.code),
        reason=verdict.reason,
        against=evaluated.against.number if evaluated.against else None,
        champion_loss=verdict.champion_loss,
        challenger_loss=verdict.challenger_loss,
        model_id=stored.model_id,
        sealed=stored.sealed,
        tags=tags,
    )


@step(name="load back and compare", cache_policy=NO_CACHE)
def prove(config: Project, version: Version) -> None:
    """Check that the loaded version predicts the same, an unseen category included; otherwise it must not serve."""
    contents.prove(config, version)
