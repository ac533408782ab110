"""The steps of a training as Prefect tasks: split, fit, evaluate, gate, log, register, prove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.drift.reference import PREDICTION, describe, prediction_column, profiled
from driftloop.monitoring.ledger import Progress
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Canonical
from driftloop.pipelines.gate import Evaluation, Model, Verdict, judge
from driftloop.pipelines.registry import Stored, Version, contents, evidence
from driftloop.pipelines.training.evaluating import evaluation
from driftloop.pipelines.training.latency import measure, timed_rows
from driftloop.pipelines.training.loss_model import LossModel
from driftloop.pipelines.training.objectives import objective
from driftloop.pipelines.training.plots import importances
from driftloop.pipelines.training.refit import why_not
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.split import unseen
from driftloop.pipelines.training.steps import Parts, divide, learn, losses

DEFAULT_THRESHOLD = 0.5
PROVEN_ON = 200  # rows whose predictions are stored, and compared once the model is loaded back


@dataclass(frozen=True)
class Evaluated:
    """What the gate judges, the champion it is compared with, and the challenger's loss on every held-out row."""

    evaluation: Evaluation
    against: Version | None
    holdout: np.ndarray


@dataclass(frozen=True)
class Final:
    """The model to be stored: fitted again on all labeled rows, or the one that the gate judged.

    `learned` are the rows that it has learned from; `refused` says why a second fit does not serve.
    """

    scorer: Scorer
    learned: pd.DataFrame
    refit: bool
    refused: str | None = None


@task(name="split by time", cache_policy=NO_CACHE)
def split_rows(config: Project, rows: Canonical, window: Window) -> Parts:
    """Cut the labeled rows in order of time, with a gap of the label delay before the holdout."""
    return divide(config, rows.frame, window)


@task(name="fit challenger", cache_policy=NO_CACHE)
def fit_challenger(config: Project, parts: Parts, params: dict[str, Any]) -> Scorer:
    """Learn from the training part alone; say what was chosen, and from how much it was learned."""
    scorer = learn(config, parts.train, params)
    log = get_run_logger()
    if scorer.recipe is not None:
        log.info("%s", scorer.recipe.describe(config.loss))
    estimator = scorer.recipe.estimator if scorer.recipe else config.training.estimator
    given = scorer.recipe.params if scorer.recipe else params
    log.info("%s", objective(estimator, given, config.loss, classes=config.type.has_classes))
    threshold = config.loss.threshold(scorer.classes)
    if threshold is not None and threshold != DEFAULT_THRESHOLD:
        log.info("%s is predicted where its probability is above %.4g", scorer.classes[1], threshold)
    times = parts.train[config.columns.time]
    span = times.iloc[-1] - times.iloc[0]
    log.info("learned from %s rows of %.1f days", f"{len(times):,}", span / timedelta(days=1))
    if span < config.training.window / 2:
        log.warning(
            "the training rows span %.1f days, less than half of training.window (%s): %s",
            span / timedelta(days=1),
            format_duration(config.training.window),
            "the source does not reach further back, or training.holdout takes the rest",
        )
    return scorer


@task(name="refit on all rows", cache_policy=NO_CACHE)
def refit(config: Project, rows: Canonical, parts: Parts, judged: Scorer, params: dict[str, Any]) -> Final:
    """After the gate: fit the judged recipe again on all labeled rows, holdout included.

    Features, levels, classes and the number of trees are those of the judged model. A second fit that predicts the
    held-out rows otherwise than `refit.why_not` allows is dropped, and the judged model serves.
    """
    target = config.columns.target
    if not config.training.refit:
        return Final(judged, parts.train, refit=False)
    known = rows.frame[rows.frame[target].notna()]
    final = learn(config, known, params, like=judged)
    held = parts.holdout
    refused = why_not(
        judged.predict(held), final.predict(held), held[target].to_numpy(), loss=config.loss, classes=judged.classes
    )
    if refused is not None:
        get_run_logger().warning("the second fit, on all rows, is dropped and the judged model serves: %s", refused)
        return Final(judged, parts.train, refit=False, refused=refused)
    return Final(final, known, refit=True)


@task(name="evaluate on unseen rows", cache_policy=NO_CACHE)
def evaluate(config: Project, parts: Parts, scorer: Scorer, against: Version | None) -> Evaluated:
    """Losses of challenger, champion and naive baseline, row by row, on holdout rows that neither was trained on."""
    trained = against.trained_on if against else ()
    fair = unseen(parts.holdout, config.columns.time, trained)
    champion = contents.losses_of(config, against, fair) if against else None
    seconds = _seconds(config, scorer, against, fair) if against else {}
    judged = evaluation(config, parts.train, fair, scorer, champion, seconds)
    return Evaluated(judged, against, losses(config, scorer, parts.holdout))


def _seconds(config: Project, scorer: Scorer, against: Version, fair: pd.DataFrame) -> dict[Model, float]:
    """The time that challenger and champion need for 1,000 rows, where the gate limits it."""
    if config.gate.max_latency is None or fair.empty:
        return {}
    rows = timed_rows(fair)
    champion, known = registry.scorer(against, config.training), as_known(rows, registry.reference(against))
    return measure({"challenger": lambda: scorer.predict(rows), "champion": lambda: champion.predict(known)})


@task(name="gate", cache_policy=NO_CACHE)
def judge_gate(config: Project, evaluated: Evaluated) -> Verdict:
    """The proof: better on the same unseen rows, beyond chance."""
    return judge(evaluated.evaluation, config.gate)


@task(name="log lineage", cache_policy=NO_CACHE)
def log_lineage(config: Project, parts: Parts, run_id: str) -> None:
    """Which rows were learned from and judged by, into the run."""
    contents.log_datasets(run_id, config, {"training": parts.train, "holdout": parts.holdout})


@task(name="log training", cache_policy=NO_CACHE)
def log_training(
    config: Project, scorer: Scorer, parts: Parts, verdict: Verdict, params: dict[str, Any], run_id: str
) -> None:
    """Parameters, gate numbers, importances and plots of the challenger into the run, promoted or not."""
    contents.log_challenger(run_id, config, scorer, parts.holdout, params)
    numbers = {
        "challenger_loss": verdict.challenger_loss,
        "champion_loss": verdict.champion_loss,
        "baseline_loss": verdict.baseline_loss,
        "gate_difference": verdict.difference,
        "gate_low": verdict.low,
        "gate_high": verdict.high,
        "train_rows": len(parts.train),
        "holdout_rows": len(parts.holdout),
    }
    evidence.log_numbers(run_id, {name: value for name, value in numbers.items() if value is not None})
    registry.client().log_text(run_id, verdict.model_dump_json(indent=1), "gate.json")


@task(name="store model", cache_policy=NO_CACHE)
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
    """Store model, reference and their sha256, with all that is needed to register it as one version of the request."""
    time, scorer = config.columns.time, final.scorer
    known = rows.frame
    if config.windows.reference is not None:
        # Counted from the newest row: a window that ends in a gap of the data still has a reference.
        known = known[known[time] >= min(window.end, known[time].max()) - config.windows.reference]
    known = known.assign(**{PREDICTION: prediction_column(scorer.predict(known), scorer.classes)})
    kept = draw(known, config.drift.sample_rows, config.drift.seed)
    kept = kept.sort_values(time, kind="stable", ignore_index=True)
    described = changed(
        describe(
            known,
            config,
            window=Window(start=known[time].min(), end=window.end),
            source_types=rows.source_types,
            loss=float(evaluated.holdout.mean()),
            loss_rows=len(evaluated.holdout),
        ),
        importance=importances(scorer),
    )
    times = final.learned[time]
    trained = Window(start=times.iloc[0], end=times.iloc[-1] + timedelta(microseconds=1))
    days = (times.iloc[-1] - times.iloc[0]) / timedelta(days=1)
    evidence.log_numbers(run_id, {"learned_rows": len(times), "learned_days": days})
    tried = parts.holdout.head(PROVEN_ON)
    profiles = profiled(known, config, window.end)
    stored = contents.store(config, scorer, estimator, described, profiles, kept, tried, run_id=run_id)
    tags = contents.tags(described, trained, verdict, request_id)
    tags |= {"driftloop.refit": str(final.refit).lower(), "driftloop.learned_rows": str(len(times))}
    if final.refused is not None:
        tags["driftloop.refit_refused"] = final.refused
    if scorer.recipe is not None:
        tags["driftloop.recipe"] = scorer.recipe.model_dump_json()
    return _progress(evaluated, verdict, run_id, stored, tags)


def bring_back(version: Version, evaluated: Evaluated, verdict: Verdict, request_id: str, run_id: str) -> Progress:
    """An earlier version that passed the gate once more: the same stored model, under a number of this request."""
    stored = Stored(version.model_id, version.tags["driftloop.manifest_sha256"])
    return _progress(evaluated, verdict, run_id, stored, contents.brought_back(version, verdict, request_id))


def _progress(evaluated: Evaluated, verdict: Verdict, run_id: str, stored: Stored, tags: dict[str, str]) -> Progress:
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


@task(name="load back and compare", cache_policy=NO_CACHE)
def prove(config: Project, version: Version) -> None:
    """A version that predicts otherwise once it is loaded must never serve: an unseen category is tried as well."""
    contents.prove(config, version)
