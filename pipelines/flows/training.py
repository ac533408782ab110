"""Training flow: read, split, fit, evaluate, gate, store, then finish. Wiring only; the work is in `training/`."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import Any

from prefect import flow, get_run_logger, runtime

from driftloop.monitoring.errors import LeaseLost, RequestClosed, ServerUnavailable, TrainingImpossible, TrainingRaised
from driftloop.monitoring.ledger import Adoption, Claim, Held, Ledger, Progress, Recalibrate, Request, SwitchBack
from driftloop.monitoring.records import Moment, Retrain, Window, changed
from driftloop.monitoring.sources import pinned
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project, ProjectFile
from driftloop.pipelines.flows import adopting, challenger, estimating, following, observed, recalibrating, search
from driftloop.pipelines.flows.choosing import rows_for
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import Version, evidence, flow_runs, templates
from driftloop.pipelines.requests import finishing, recorded, recovery
from driftloop.pipelines.requests.dead_runs import end_attempts
from driftloop.pipelines.requests.work import Work, settings_of
from driftloop.pipelines.runtime import failpoints, home, outages, phases


@flow(name="training", validate_parameters=True)
def training_flow(
    config: ProjectFile,
    request_id: str,
    window: Window | None = None,
    champion: str | None = None,
    now: Moment | None = None,
    reason: str = "requested manually",
    parent_run_id: str | None = None,
    adopt: Adoption | None = None,
    follows: str | None = None,
    switch: SwitchBack | None = None,
    recalibrate: Recalibrate | None = None,
) -> Retrain:
    """Train a challenger on the labeled rows of `window`; it replaces `champion` if it is significantly better.

    `champion` is the version number to replace, None for a first training run. A finished request returns its result
    again and trains nothing; an interrupted one is resumed where it stopped. An error leaves the champion untouched,
    the MLflow run FAILED and the request open for another try.

    Without a window the request was written into the ledger by a check and left to a worker, as in server mode: it is
    trained as requested, and that check gets its final outcome. With `adopt` nothing is trained: that
    model is registered and promoted. So is the version `follows` of a model elsewhere, by its predictions of `window`.
    With `switch` a former champion serves again. With `recalibrate` the champion is recalibrated, if that is worth as
    much as a training.
    """
    with flow_runs.own_flow_run(), pinned(), closing(Ledger(home.ledger_url())) as ledger, ledger.present():
        if window is None:
            return _shown(_claim(config, ledger, request_id))
        request = Request(
            request_id=request_id,
            model=config.model,
            champion=champion,
            window=window,
            now=now or window.end,
            reason=reason,
            settings=settings_of(config),
            parent_run_id=parent_run_id,
            adopt=adopt,
            follows=follows,
            switch=switch,
            recalibrate=recalibrate,
        )
        done = recovery.ask(ledger, request)
        return _shown(_as_before(done) if done is not None else _in_turn(config, ledger, request))


def _shown(done: Retrain) -> Retrain:
    return flow_runs.completed(f"{done.code}: {done.reason}", done)


def _claim(config: Project, ledger: Ledger, request_id: str) -> Retrain:
    request = ledger.find_request(request_id)
    flow_runs.tag_request(request_id, request.check.prefect_flow_run_id if request.check else None)
    try:
        done = ledger.result(request_id)
        if done is not None:
            return _as_before(done)
        reason = ledger.failure(request_id)
        if reason is None and ledger.busy(f"request/{request_id}") is None:
            reason = recovery.give_up_reason(config, ledger, request)
            if reason is not None:
                ledger.fail(request_id, reason)
        if reason is not None:
            raise RequestClosed(request_id, reason)
        return _in_turn(config, ledger, request)
    finally:
        recovery.finish_checks(config, ledger)


def _in_turn(config: Project, ledger: Ledger, request: Request) -> Retrain:
    with ledger.hold_request(request.request_id, waiting=_waits) as claim:
        assert isinstance(claim, Claim)
        tag = flow_runs.request_tag(request.request_id)
        flow_runs.works_on(config.model, f"training {flow_runs.ended_at(request.window)}", tag)
        failpoints.reach("claimed request")
        # Another process may have finished it while we waited.
        done = ledger.result(request.request_id)
        if done is not None:
            return _as_before(done)
        work = Work(config, request, ledger, claim)
        with observed.retrain(work) as ended:
            return ended(_run(work))


def _as_before(done: Retrain) -> Retrain:
    get_run_logger().info("request %s was already finished: returning its result", done.request_id)
    return done


def carry_out(config: Project, request: Request) -> Retrain:
    """Run the training flow for a request in this process; return the request's result."""
    with flow_runs.owned():
        return training_flow(
            config=config,
            request_id=request.request_id,
            window=request.window,
            champion=request.champion,
            now=request.now,
            reason=request.reason,
            parent_run_id=request.parent_run_id,
            adopt=request.adopt,
            follows=request.follows,
            switch=request.switch,
            recalibrate=request.recalibrate,
        )


def _waits(held: Held) -> None:
    get_run_logger().info("%s is being trained by %s: waiting for its end", held.resource, held.holder)


def _run(work: Work) -> Retrain:
    ledger, request_id = work.ledger, work.request.request_id
    progress = ledger.progress(request_id)
    end_attempts(work, kept=progress.run_id if progress else None)
    run_id = progress.run_id if progress else _open_run(work)
    try:
        if progress:
            retrain = finishing.finish(work, progress, prove=challenger.prove, rejudge=None)
        else:
            retrain = _train(work, run_id)
    except TrainingImpossible as error:
        reason = f"no training: {error.found}; {error.remedy}"
        retrain = work.retrain(run_id, None, version=None, code=error.code, reason=reason)
        # The request stays open: the same one may succeed once more rows have arrived.
        ledger.fail(request_id, f"{retrain.code}: {retrain.reason}", by=work.claim, impossible=True)
    except LeaseLost:
        # Run and request now belong to another process.
        raise
    except BaseException as error:
        _record_error(work, run_id, outages.translate(error))
        raise
    get_run_logger().info("%s", retrain.reason)
    failpoints.reach("settled request")
    if work.request.adopt is not None:
        shutil.rmtree(home.adopting(work.request.adopt.digest), ignore_errors=True)
    evidence.tag_training(run_id, retrain)
    evidence.close_run(run_id)
    failpoints.reach("closed run")
    announce.retrain_ended(work.config.notify, work.config.model, retrain, ledger, str(runtime.flow_run.id))
    recorded.publish_metrics(work.config, ledger)
    return retrain


def _record_error(work: Work, run_id: str, error: BaseException) -> None:
    """Fail the run and the request. Errors while recording do not hide the first error.

    After an outage or a SIGTERM the request stays open: the next check resumes it.
    """
    reason = outages.reason(error)
    try:
        if not outages.resumable(error):
            work.ledger.fail(work.request.request_id, reason, by=work.claim)
        if isinstance(error, TrainingRaised) and error.traceback:
            get_run_logger().error("%s\n%s", error.found, error.traceback)
            registry.client().log_text(run_id, error.traceback, "traceback.txt")
        if not isinstance(error, ServerUnavailable):
            evidence.close_run(run_id, failed=reason)
    except Exception as second:
        get_run_logger().warning("the failed training run could not be recorded: %s: %s", type(second).__name__, second)


def _open_run(work: Work) -> str:
    request = work.request
    tags = {
        "driftloop.kind": "training",
        "driftloop.model": request.model,
        "driftloop.request_id": request.request_id,
        "driftloop.attempt": str(work.claim.fence),
        "driftloop.window_start": request.window.start.isoformat(),
        "driftloop.window_end": request.window.end.isoformat(),
        "driftloop.champion": request.champion or "",
        "prefect.flow_run_id": str(runtime.flow_run.id),
    }
    return evidence.open_run(request.model, request.title, parent=request.parent_run_id, tags=tags)


def _train(work: Work, run_id: str) -> Retrain:
    config, request = work.config, work.request
    own_code.importable(config)
    if request.switch is not None:
        # It may have been interrupted after the alias moved: the promotion itself compares the champions.
        return finishing.switch_back(work, run_id, prove=challenger.prove)
    against = _opponent(config, request.champion)
    if request.adopt is not None:
        return _finished(work, adopting.adopt(work, run_id, against), rejudge=None)
    if request.follows is not None:
        return _finished(work, following.follow(work, run_id, against), rejudge=None)
    tried = None
    if request.recalibrate is not None and against is not None:
        made = recalibrating.recalibrate(work, run_id, against)
        if isinstance(made, Progress):
            return _finished(work, made, rejudge=None)
        if not request.recalibrate.trains:
            return recalibrating.refuse(work, run_id, made)
        tried = made
    return _challenge(work, run_id, against, tried)


def _challenge(work: Work, run_id: str, against: Version | None, tried: str | None) -> Retrain:
    """Train a challenger, judge it, and bring it to its end; `tried` is why a recalibration did not suffice."""
    config, request = work.config, work.request
    templates.provide(config)
    phases.enter("training: reading rows")
    chosen = rows_for(work, against, run_id).after(tried)
    rows, parts, params = chosen.rows, chosen.parts, config.training.params
    if chosen.version is not None:
        scorer = registry.scorer(chosen.version, config.training)
    else:
        challenger.log_lineage(config, parts, run_id)
        if config.training.search is not None:
            phases.enter("training: searching parameters")
            params = search.search(config, parts.train, run_id)
        phases.enter("training: fitting the challenger")
        scorer = challenger.fit_challenger(config, parts, params)
    failpoints.reach("fitted")
    phases.enter("gate")
    evaluated = challenger.evaluate(config, parts, scorer, against)
    verdict = chosen.explained(challenger.judge_gate(config, evaluated))
    challenger.log_training(config, scorer, parts, verdict, params, run_id)
    if not verdict.passed:
        numbers = {"champion_loss": verdict.champion_loss, "challenger_loss": verdict.challenger_loss}
        done = work.retrain(run_id, None, version=None, code=str(verdict.code), reason=verdict.reason)
        done = changed(done, **numbers)
        if done.challenger_loss is None:
            # Nothing was judged: the same request may succeed once more rows have arrived.
            work.ledger.fail(request.request_id, f"{done.code}: {done.reason}", by=work.claim, impossible=True)
        else:
            work.ledger.close_request(done, by=work.claim)
        return done
    if chosen.version is not None:
        progress = challenger.bring_back(chosen.version, evaluated, verdict, request.request_id, run_id)
    else:
        phases.enter("training: fitting on all rows")
        final = challenger.refit(config, rows, parts, scorer, params)
        estimator = estimating.fit_estimator(config, parts.holdout, scorer)
        phases.enter("registering the model")
        progress = challenger.store(
            config, rows, request.window, parts, final, estimator, evaluated, verdict, request.request_id, run_id
        )

    def rejudge(champion: Version | None, before: Progress) -> tuple[bool, Progress]:
        phases.enter("gate")
        again = chosen.explained(challenger.judge_gate(config, challenger.evaluate(config, parts, scorer, champion)))
        update: dict[str, Any] = {"code": str(again.code), "reason": again.reason}
        update |= {"champion_loss": again.champion_loss, "challenger_loss": again.challenger_loss}
        return again.passed, changed(before, **(update | {"against": champion.number if champion else None}))

    return _finished(work, progress, rejudge)


def _finished(work: Work, progress: Progress, rejudge: finishing.Rejudge | None) -> Retrain:
    """Write down how far it has come, so that another process can go on from here, and bring it to its end."""
    failpoints.reach("stored model")
    work.ledger.advance(work.request.request_id, progress, by=work.claim)
    failpoints.reach("wrote progress")
    return finishing.finish(work, progress, prove=challenger.prove, rejudge=rejudge)


def _opponent(config: Project, champion: str | None) -> Version | None:
    """Return the champion that the request replaces, if it still is the champion."""
    current = registry.aliased(config.model, registry.CHAMPION)
    now = current.number if current else None
    if now != champion:
        requested, actual = (f"version {number}" if number else "no champion" for number in (champion, now))
        raise TrainingImpossible(
            "champion_changed",
            f"the request replaces {requested}, but the champion is now {actual}",
            expected="the champion for which the retrain was requested",
            remedy="request it again: `driftloop check` or `driftloop retrain`",
        )
    return current
