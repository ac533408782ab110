"""The training flow: read, split, fit, evaluate, gate, register, promote. Wiring only; the work is in `training/`."""

from __future__ import annotations

from contextlib import closing

from prefect import flow, get_run_logger, runtime

from monitoring.errors import TrainingImpossible
from monitoring.ledger import Ledger
from monitoring.records import Moment, Retrain, Window
from pipelines import challenger, estimating, evidence, home, own_code, registry, search
from pipelines.config import Project, ProjectFile
from pipelines.reading import read_with
from pipelines.registry import Version


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
    with closing(Ledger(home.ledger_url())) as ledger:
        done = ledger.request(request_id, model=config.model, champion=champion, now=now or window.end, reason=reason)
        if done is not None:
            get_run_logger().info("request %s was trained to its end before", request_id)
            return done
        run_id = _open_run(config, request_id, window, champion, parent_run_id)
        try:
            retrain = _train(config, request_id, window, champion, run_id)
        except TrainingImpossible as error:
            retrain = _impossible(request_id, run_id, error)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
            evidence.close_run(run_id, failed=told)
            ledger.fail(request_id, told)
            raise
        get_run_logger().info("%s", retrain.reason)
        evidence.tag_training(run_id, retrain)
        evidence.close_run(run_id)
        if retrain.challenger_loss is None and retrain.version is None:
            # Nothing was trained, so the request stays open: the same one may succeed once the rows are there.
            ledger.fail(request_id, f"{retrain.code}: {retrain.reason}")
        else:
            ledger.settle(retrain)
        return retrain


def _impossible(request_id: str, run_id: str, error: TrainingImpossible) -> Retrain:
    return Retrain(
        request_id=request_id,
        code=error.code,
        version=None,
        promoted=False,
        champion_loss=None,
        challenger_loss=None,
        reason=f"no training: {error.found}",
        mlflow_run_id=run_id,
    )


def _open_run(config: Project, request_id: str, window: Window, champion: str | None, parent_run_id: str | None) -> str:
    tags = {
        "driftloop.kind": "training",
        "driftloop.model": config.model,
        "driftloop.request_id": request_id,
        "driftloop.window_start": window.start.isoformat(),
        "driftloop.window_end": window.end.isoformat(),
        "driftloop.champion": champion or "",
        "prefect.flow_run_id": str(runtime.flow_run.id),
    }
    return evidence.open_run(config.model, f"training {window}", parent=parent_run_id, tags=tags)


def _train(config: Project, request_id: str, window: Window, champion: str | None, run_id: str) -> Retrain:
    own_code.importable(config)
    against = _opponent(config, champion)
    rows = read_with(config, window, against)
    parts = challenger.split_rows(config, rows, window)
    challenger.log_lineage(config, parts, run_id)
    params = config.training.params
    if config.training.search is not None:
        params = search.search(config, parts.train, run_id)
    scorer = challenger.fit_challenger(config, parts, params)
    evaluation = challenger.evaluate(config, parts, scorer, against)
    verdict = challenger.judge_gate(config, evaluation)
    challenger.log_training(config, scorer, parts, verdict, params, run_id)
    version, promoted, code, reason = None, False, str(verdict.code), verdict.reason
    if verdict.passed:
        final = challenger.refit(config, rows, params) if config.training.refit else scorer
        estimator = estimating.fit_estimator(config, parts.holdout, scorer)
        version = challenger.register(
            config, rows, window, parts, final, estimator, evaluation, verdict, request_id, run_id
        )
        challenger.prove(config, version, final, parts)
        promoted = registry.promote(version, instead_of=champion)
        if not promoted:
            code, reason = "champion_changed", f"{reason}; but the champion changed meanwhile: it is left as it is"
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


def _opponent(config: Project, champion: str | None) -> Version | None:
    """The champion that the request wants replaced, if it still is the champion."""
    found = registry.aliased(config.model, registry.CHAMPION)
    now = found.number if found else None
    if now != champion:
        wanted, there = (f"version {number}" if number else "no champion" for number in (champion, now))
        raise TrainingImpossible(
            "champion_changed",
            f"{wanted} was to be replaced, and now there is {there}",
            expected="the champion that the request was made for",
            remedy="ask again: `driftloop check` or `driftloop retrain`",
        )
    return found
