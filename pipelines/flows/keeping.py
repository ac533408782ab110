"""Models of the history that a backtest ranked, stored as versions without an alias, for the archive.

Each is trained as a retrain at the end of its batch would have been, must pass the gate of a first model, and is loaded
back before it gets its rank. A version that a backtest stored before is not trained again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime

from prefect import flow, get_run_logger

from driftloop.monitoring.errors import DriftloopError, StoredModelDiffers, Tampered, TrainingImpossible
from driftloop.monitoring.ledger import Held, Ledger, Progress, digest
from driftloop.monitoring.records import Moment, Window, changed
from driftloop.monitoring.sources import pinned
from driftloop.pipelines import registry
from driftloop.pipelines.backtest.history import KeptModel, Ranked
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project, ProjectFile
from driftloop.pipelines.flows import challenger, estimating, training_rows
from driftloop.pipelines.registry import Version, evidence, flow_runs, promotion
from driftloop.pipelines.registry.version import HISTORY_RANK, UNRANKED
from driftloop.pipelines.requests import finishing
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import failpoints, home, phases


@flow(name="history", validate_parameters=True)
def keeping_flow(config: ProjectFile, ranked: tuple[Ranked, ...], now: Moment) -> tuple[KeptModel, ...]:
    """Keep the first `archive.keep` models of these that can be trained and pass the gate; return all that were tried.

    Versions of an earlier backtest that are not among them lose their rank, and are not compared any more.
    """
    with flow_runs.own_flow_run(), pinned(), closing(Ledger(home.ledger_url())) as ledger, ledger.present():
        flow_runs.works_on(config.model, f"models of the history {now:%Y-%m-%d}")
        own_code.importable(config)
        tried: list[KeptModel] = []
        for one in ranked:
            rank = 1 + sum(each.rank is not None for each in tried)
            if rank > config.archive.keep:
                break
            phases.enter(f"keeping models of the history: {rank} of {min(config.archive.keep, len(ranked))}")
            tried.append(_keep(config, ledger, one, rank, now))
        _forget_others(config.model, tried)
        kept = sum(one.rank is not None for one in tried)
        return flow_runs.completed(f"{kept} models of the history kept for the archive", tuple(tried))


def _keep(config: Project, ledger: Ledger, one: Ranked, rank: int, now: datetime) -> KeptModel:
    window = Window(start=one.end - config.learned_span, end=one.end)
    request_id = digest("history", config.model, window, settings_of(config))[:16]
    with ledger.holding(f"request/{request_id}", waiting=_waits) as claim:
        assert not isinstance(claim, Held)
        version, trained = registry.of_request(config.model, request_id), False
        try:
            if version is None:
                progress = _train(config, window, request_id, one, now)
                if isinstance(progress, str):
                    return KeptModel(end=one.end, reason=progress)
                version = finishing.registered(ledger, config.model, request_id, progress, now, by=claim)
                failpoints.reach("registered version")
                trained = True
            promotion.verify_identity(ledger, version)
            challenger.prove(config, version)
        except TrainingImpossible as error:
            return KeptModel(end=one.end, reason=error.found)
        except (StoredModelDiffers, Tampered) as error:
            if version is not None:
                registry.tag(version, HISTORY_RANK, UNRANKED)
            return KeptModel(end=one.end, reason=error.found)
        registry.tag(version, HISTORY_RANK, str(rank))
        return KeptModel(end=one.end, version=version.number, rank=rank, trained=trained)


def _waits(held: Held) -> None:
    get_run_logger().info("%s is being trained by %s: waiting for its end", held.resource, held.holder)


def _train(config: Project, window: Window, request_id: str, one: Ranked, now: datetime) -> Progress | str:
    """Train and store the model of one moment; return the reason of the gate if that refuses it."""
    tags = {
        "driftloop.kind": "history",
        "driftloop.model": config.model,
        "driftloop.request_id": request_id,
        "driftloop.window_start": window.start.isoformat(),
        "driftloop.window_end": window.end.isoformat(),
    }
    run_id = evidence.open_run(config.model, f"history {flow_runs.ended_at(window)}", tags=tags)
    try:
        progress = _stored(config, window, request_id, run_id, one, now)
    except BaseException as error:
        reason = error.found if isinstance(error, DriftloopError) else type(error).__name__
        evidence.close_run(run_id, failed=reason)
        raise
    evidence.close_run(run_id)
    return progress


def _stored(
    config: Project, window: Window, request_id: str, run_id: str, one: Ranked, now: datetime
) -> Progress | str:
    # Labels count as they were known when a retrain of that time would have been possible.
    known = min(now, window.end + config.columns.label_delay)
    rows, parts = training_rows.read_parts(config, window, None, known)
    challenger.log_lineage(config, parts, run_id)
    params = config.training.params
    scorer = challenger.fit_challenger(config, parts, params)
    evaluated = challenger.evaluate(config, parts, scorer, None)
    verdict = challenger.judge_gate(config, evaluated)
    challenger.log_training(config, scorer, parts, verdict, params, run_id)
    if not verdict.passed:
        return f"{verdict.code}: {verdict.reason}"
    final = challenger.refit(config, rows, parts, scorer, params)
    estimator = estimating.fit_estimator(config, parts.holdout, scorer)
    verdict = changed(verdict, reason=f"{one.sentence}; {verdict.reason}")
    progress = challenger.store(config, rows, window, parts, final, estimator, evaluated, verdict, request_id, run_id)
    failpoints.reach("stored model")
    return changed(progress, tags={**progress.tags, HISTORY_RANK: UNRANKED})


def _forget_others(model: str, tried: Iterable[KeptModel]) -> None:
    """Take the rank from all other versions of the history."""
    kept = {one.version for one in tried if one.rank is not None}
    for version in _ranked_versions(model):
        if version.number not in kept:
            registry.tag(version, HISTORY_RANK, UNRANKED)


def _ranked_versions(model: str) -> Iterator[Version]:
    return (version for version in registry.versions(model) if version.history_rank is not None)
