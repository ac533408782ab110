"""The training flow: read, split, fit, evaluate, gate, register, promote. Wiring only; the work is in `training/`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE

from monitoring.errors import TrainingImpossible
from monitoring.ledger import Ledger
from monitoring.performance import row_losses
from monitoring.records import Moment, Retrain, Window
from monitoring.reference import PREDICTION, describe, prediction_column
from pipelines import evidence, home, registry, search, versions
from pipelines.config import Project, ProjectFile
from pipelines.reading import Fresh, read
from pipelines.registry import Version
from pipelines.training.baseline import naive_losses
from pipelines.training.fit import fit
from pipelines.training.gate import Verdict, judge
from pipelines.training.leaks import find_leaks
from pipelines.training.scorer import Scorer
from pipelines.training.split import split, unseen


@dataclass(frozen=True)
class Parts:
    """The labelled rows of a training: to learn from, and the newest ones to be judged by."""

    train: pd.DataFrame
    holdout: pd.DataFrame


@dataclass(frozen=True)
class Evaluation:
    """Losses on rows that neither model was trained on, in order of time."""

    challenger: np.ndarray
    opponent: np.ndarray
    against: Version | None
    holdout: np.ndarray
    leaks: tuple[str, ...]


@flow(name="training", flow_run_name="{request_id}", validate_parameters=True)
def training_flow(
    config: ProjectFile,
    request_id: str,
    window: Window,
    champion: str | None = None,
    now: Moment | None = None,
    reason: str = "asked for by hand",
    parent_run_id: str | None = None,
) -> Retrain:
    """Train a challenger on the labelled rows of `window` and let it replace `champion` if it is proven better.

    `champion` is the version number that the request wants replaced, none for a first training. A request that was
    trained to its end before gives the same answer again and trains nothing. The end is written to the ledger; an
    error leaves the champion untouched, the MLflow run FAILED and the request open for another try.
    """
    ledger = Ledger(home.ledger_url())
    done = ledger.request(request_id, model=config.model, champion=champion, now=now or window.end, reason=reason)
    if done is not None:
        return done
    run_id = evidence.open_run(
        config.model,
        f"training {window}",
        parent=parent_run_id,
        tags={
            "driftloop.kind": "training",
            "driftloop.model": config.model,
            "driftloop.request_id": request_id,
            "driftloop.window_start": window.start.isoformat(),
            "driftloop.window_end": window.end.isoformat(),
            "driftloop.champion": champion or "",
            "prefect.flow_run_id": str(runtime.flow_run.id),
        },
    )
    try:
        retrain = _train(config, request_id, window, champion, run_id)
    except TrainingImpossible as error:
        retrain = Retrain(
            request_id=request_id,
            code=error.code,
            version=None,
            promoted=False,
            champion_loss=None,
            challenger_loss=None,
            reason=f"no training: {error.found}",
            mlflow_run_id=run_id,
        )
    except BaseException as error:
        evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        ledger.fail(request_id, f"{type(error).__name__}: {error}")
        raise
    get_run_logger().info("%s", retrain.reason)
    registry.client().set_tag(run_id, "driftloop.outcome", "promoted" if retrain.promoted else "rejected")
    registry.client().set_tag(run_id, "driftloop.reason", retrain.reason)
    evidence.close_run(run_id)
    ledger.settle(retrain)
    ledger.close()
    return retrain


def _train(config: Project, request_id: str, window: Window, champion: str | None, run_id: str) -> Retrain:
    rows = read(config, window, config.folder)
    parts = split_rows(config, rows, window)
    log_lineage(config, parts, run_id)
    params = config.training.params
    if config.training.search is not None:
        params = search.search(config, parts.train, run_id)
    scorer = fit_challenger(config, parts, params)
    evaluation = evaluate(config, parts, scorer, champion)
    verdict = judge_gate(config, evaluation)
    log_training(config, scorer, parts, verdict, params, run_id)
    version = None
    promoted, reason = False, verdict.reason
    code: str = verdict.code
    if verdict.passed:
        final = refit(config, rows, params) if config.training.refit else scorer
        version = register(config, rows, window, parts, final, evaluation, verdict, request_id, run_id)
        prove(config, version, final, parts)
        promoted = registry.promote(version, instead_of=champion)
        if not promoted:
            code, reason = (
                "champion_changed",
                f"{reason}; but another champion than {champion} has taken over meanwhile",
            )
    return Retrain(
        request_id=request_id,
        code=code,
        version=version.number if version else None,
        promoted=promoted,
        champion_loss=verdict.champion_loss,
        challenger_loss=verdict.challenger_loss,
        reason=reason,
        mlflow_run_id=run_id,
    )


@task(name="split by time", cache_policy=NO_CACHE)
def split_rows(config: Project, rows: Fresh, window: Window) -> Parts:
    """Cut the labelled rows in order of time, with a gap of the label delay before the holdout."""
    labelled = rows.frame[rows.frame[config.columns.target].notna()]
    if labelled.empty:
        raise TrainingImpossible(
            "no_data" if rows.frame.empty else "no_labels",
            f"{len(rows.frame):,} rows in {window}, none of them labelled",
            expected=f"at least {config.training.min_rows} labelled rows",
            remedy="wait for labels, or widen training.window",
        )
    if len(labelled) < config.training.min_rows:
        raise TrainingImpossible(
            "too_few_rows",
            f"{len(labelled):,} labelled rows in {window}, at least {config.training.min_rows:,} are needed",
            expected=f"training.min_rows: {config.training.min_rows}",
            remedy="wait for more rows, or widen training.window",
        )
    # A history shorter than the window keeps the same proportion between the two parts.
    begun = max(window.start, labelled[config.columns.time].iloc[0].to_pydatetime())
    share = (config.training.holdout or window.length / 5) / window.length
    start = window.end - (window.end - begun) * share
    train, holdout = split(labelled, config.columns.time, holdout_start=start, gap=config.columns.label_delay)
    return Parts(train=train, holdout=holdout)


@task(name="fit challenger", cache_policy=NO_CACHE)
def fit_challenger(config: Project, parts: Parts, params: dict[str, Any]) -> Scorer:
    """Learn from the training part alone."""
    return _fit(config, parts.train, params)


@task(name="refit on all rows", cache_policy=NO_CACHE)
def refit(config: Project, rows: Fresh, params: dict[str, Any]) -> Scorer:
    """After the gate: learn from all labelled rows, holdout included; nothing judges this fit before the next check."""
    return _fit(config, rows.frame[rows.frame[config.columns.target].notna()], params)


def _fit(config: Project, frame: pd.DataFrame, params: dict[str, Any]) -> Scorer:
    columns = config.columns
    if ":" in config.training.estimator and str(config.folder) not in sys.path:
        # A function of the user's own may lie beside the YAML.
        sys.path.insert(0, str(config.folder))
    return fit(
        frame,
        frame[columns.target],
        columns.numeric,
        columns.categorical,
        config.task,
        config.training,
        params,
        config.loss,
    )


@task(name="evaluate on unseen rows", cache_policy=NO_CACHE)
def evaluate(config: Project, parts: Parts, scorer: Scorer, champion: str | None) -> Evaluation:
    """Losses of challenger and champion, row by row, on holdout rows that neither was trained on."""
    target = config.columns.target
    against = registry.champion(config.model) if champion is not None else None
    trained = against.trained_on if against else ()
    fair = unseen(parts.holdout, config.columns.time, trained)
    challenger = _losses(config, scorer, fair)
    if against is None:
        opponent = naive_losses(parts.train[target], fair[target], config.task, config.loss)
    else:
        opponent = _losses(config, _load(config, against), fair)
    leaks = find_leaks(
        parts.train, parts.train[target], scorer.features, task=config.task, threshold=config.gate.leak_threshold
    )
    return Evaluation(challenger, opponent, against, _losses(config, scorer, parts.holdout), leaks)


@task(name="gate", cache_policy=NO_CACHE)
def judge_gate(config: Project, evaluation: Evaluation) -> Verdict:
    """The proof: better on the same unseen rows, beyond chance."""
    return judge(
        evaluation.challenger,
        evaluation.opponent,
        opponent="champion" if evaluation.against else "naive baseline",
        settings=config.gate,
        leaks=evaluation.leaks,
        loss_name=config.loss,
    )


@task(name="log lineage", cache_policy=NO_CACHE)
def log_lineage(config: Project, parts: Parts, run_id: str) -> None:
    """Which rows were learned from and judged by, into the run."""
    versions.log_datasets(run_id, config, {"training": parts.train, "holdout": parts.holdout})


@task(name="log training", cache_policy=NO_CACHE)
def log_training(
    config: Project, scorer: Scorer, parts: Parts, verdict: Verdict, params: dict[str, Any], run_id: str
) -> None:
    """Parameters, gate numbers, importances and plots of the challenger into the run, promoted or not."""
    versions.log_challenger(run_id, config, scorer, parts.holdout, params)
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


@task(name="register version", cache_policy=NO_CACHE)
def register(
    config: Project,
    rows: Fresh,
    window: Window,
    parts: Parts,
    scorer: Scorer,
    evaluation: Evaluation,
    verdict: Verdict,
    request_id: str,
    run_id: str,
) -> Version:
    """Store model, reference and their sha256 as one version, tagged with the request that caused it."""
    time = config.columns.time
    kept = rows.frame
    if config.windows.reference is not None:
        kept = kept[kept[time] >= window.end - config.windows.reference]
    kept = (
        kept.sample(config.drift.sample_rows, random_state=config.drift.seed)
        if len(kept) > config.drift.sample_rows
        else kept
    )
    kept = kept.sort_values(time, kind="stable", ignore_index=True)
    kept = kept.assign(**{PREDICTION: prediction_column(scorer.predict(kept), scorer.classes)})
    described = describe(
        kept,
        config,
        window=Window(start=kept[time].iloc[0], end=window.end),
        source_types=rows.source_types,
        loss=float(evaluation.holdout.mean()),
        loss_rows=len(evaluation.holdout),
    )
    learned = rows.frame if config.training.refit else parts.train
    trained = Window(start=learned[time].iloc[0], end=learned[time].iloc[-1] + timedelta(microseconds=1))
    return versions.register(
        config, scorer, described, kept, trained=trained, verdict=verdict, request_id=request_id, run_id=run_id
    )


@task(name="load back and compare", cache_policy=NO_CACHE)
def prove(config: Project, version: Version, scorer: Scorer, parts: Parts) -> None:
    """A version that predicts otherwise once it is loaded must never serve: an unseen category is tried as well."""
    versions.prove(config, version, scorer, parts.holdout.head(200))


def _load(config: Project, version: Version) -> Scorer:
    settings = config.training
    return registry.scorer(version, trusted_types=settings.trusted_types, allow_pickle=settings.allow_pickle)


def _losses(config: Project, scorer: Scorer, frame: pd.DataFrame) -> np.ndarray:
    target = frame[config.columns.target].to_numpy()
    return row_losses(config.loss, target, scorer.predict(frame), scorer.classes)
