"""A retrain requested by a check: written to the ledger, and trained here or left to a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from driftloop.monitoring.decision import Step, next_step
from driftloop.monitoring.ledger import Recalibrate, Request, ShadowVerdict, SwitchBack, digest
from driftloop.monitoring.policies.recalibrating import Plan
from driftloop.monitoring.records import UNTRAINED, Check, Outcome, Retrain, ShadowState, Window, changed
from driftloop.monitoring.windows import labelled_window, training_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.flows import promotion_watch, watching
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import Version, pending
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import failpoints

# Codes of the results of a challenger in shadow, by the state of its verdict.
VERDICTS: Mapping[ShadowState, str] = {
    "proven": "shadow_proven",
    "proven_worse": "shadow_declined",
    "unproven": "shadow_unproven",
    "ended": "shadow_ended",
}
Act = Callable[[CheckRun, Version, Fresh, Check], Check]


def action(config: Project, check: Check, cure: Plan | None) -> Act | None:
    """Return what a judged check does about its champion; None if nothing.

    It takes back a promotion that is proven wrong, or carries out the decision to retrain, or a recalibration (`cure`)
    that is due, or a switch back.
    """
    watch, ends, scores = check.watch, check.shadow, check.archive
    step = next_step(
        check.decision,
        recalibrates=cure is not None,
        leads=scores is not None and scores.leader is not None and config.archive.keep > 0,
        proven_worse=watch is not None and watch.state == "proven_worse",
        shadow_ends=ends is not None and ends.promotes is not None,
    )
    if step == "retrain":
        return partial(retrain, plan=cure) if config.trains else None
    if step == "recalibrate" and cure is not None:
        return partial(recalibrate, plan=cure)
    acts: dict[Step | None, Act] = {"roll_back": roll_back, "end_shadow": end_shadow, "switch": switch}
    return acts.get(step)


def retrain(run: CheckRun, champion: Version, fresh: Fresh, check: Check, plan: Plan | None = None) -> Check:
    """Request a retrain and run it, unless a challenger for this champion is pending or already being trained.

    With a `plan` a recalibration of the champion is tried before the training.
    """
    waits = pending.waiting(run.ledger, run.config.model)
    if waits is not None and run.ledger.find_request(waits[1].request_id).champion == champion.number:
        why = f"no training while version {waits[0].number} waits for approval (`driftloop promote`)"
        update = {"outcome": Outcome.AWAITING_APPROVAL, "reason": f"{check.reason}; {why}"}
        return changed(check, **update)
    existing = open_request(run, champion.number)
    if existing is not None:
        return changed(check, reason=f"{check.reason}; no new request while request {existing.request_id} is open")
    return train(run, check, fresh.digest, fresh.digest, plan)


def switch(run: CheckRun, champion: Version, fresh: Fresh, check: Check) -> Check:
    """Request a switch back to the archived version that leads, and carry it out here: nothing is trained.

    It is only reported where the config or a user's choice of the champion forbids it, and while another challenger
    waits for approval or is in shadow, or a request is open.
    """
    scores = check.archive
    assert scores is not None
    assert scores.leader is not None
    reason = f"{check.reason}; {watching.describe(scores)}"
    wait = watching.reason_to_wait(run.config, run.ledger, run.window) or _other_work(run, check, "switched")
    if wait is not None:
        return changed(check, reason=f"{reason}; {wait}")
    losses = {score.version: score.loss for score in scores.scores}
    back = SwitchBack(version=scores.leader, champion_loss=losses[champion.number], loss=losses[scores.leader])
    request_id = digest("switch", run.config.model, scores.window, champion.number, scores.leader, fresh.digest)[:16]
    return _bring_back(run, check, fresh.digest, request_id, scores.window, watching.describe(scores), back)


def roll_back(run: CheckRun, champion: Version, fresh: Fresh, check: Check) -> Check:
    """Request that the previous champion serves again, and carry it out here: the new one is proven worse.

    It is only reported while another challenger waits for approval. An open request does not delay it: a challenger
    that is in training is compared with the version that serves at its end.
    """
    watch = check.watch
    assert watch is not None
    wait = promotion_watch.reason_to_wait(run)
    if wait is not None:
        reason = f"{check.reason}; {watch.sentence}; {wait}"
        return changed(check, outcome=Outcome.AWAITING_APPROVAL, reason=reason)
    last = watch.windows[-1]
    back = SwitchBack(version=watch.previous, champion_loss=last.champion_loss, loss=last.previous_loss, rollback=True)
    request_id = digest("rollback", run.config.model, last.window, watch.version, watch.previous, fresh.digest)[:16]
    return _bring_back(run, check, fresh.digest, request_id, last.window, watch.sentence, back)


def end_shadow(run: CheckRun, champion: Version, fresh: Fresh, check: Check) -> Check:
    """Promote or decline the challenger in shadow by its verdict, here: nothing is trained.

    Its request is opened again as this check's, with the verdict; if this process dies, the next one carries it out.
    Nothing more happens if a user has decided on the challenger meanwhile.
    """
    shadow, found = check.shadow, pending.in_shadow(run.ledger, run.config.model)
    assert shadow is not None
    progress = run.ledger.progress(found[1].request_id) if found is not None else None
    over = changed(check, reason=f"{check.reason}; version {shadow.version} is no longer in shadow")
    if found is None or progress is None or found[0].number != shadow.version:
        return over
    settings = settings_of(run.config)
    update = {"now": run.now, "settings": settings, "parent_run_id": check.mlflow_run_id, "rows": fresh.digest}
    request = changed(run.ledger.find_request(found[1].request_id), check=check, **update)
    verdict = ShadowVerdict(promote=bool(shadow.promotes), code=VERDICTS[shadow.state], reason=shadow.sentence)
    code = progress.code if progress.code in UNTRAINED else verdict.code
    judged = {"verdict": verdict, "against": champion.number, "code": code, "reason": shadow.sentence}
    run.request = request
    if not run.ledger.judge_shadow(request, changed(progress, **judged)):
        return over
    failpoints.reach("judged shadow")
    return recovery.with_result(check, carry_out_here(run.config, request))


def _bring_back(
    run: CheckRun, check: Check, rows: str, request_id: str, window: Window, reason: str, back: SwitchBack
) -> Check:
    request = Request(
        request_id=request_id,
        model=run.config.model,
        champion=check.champion,
        window=window,
        now=run.now,
        reason=reason,
        settings=settings_of(run.config),
        parent_run_id=check.mlflow_run_id,
        check=check,
        rows=rows,
        switch=back,
    )
    return _carry_out(run, check, request)


def recalibrate(run: CheckRun, champion: Version, fresh: Fresh, check: Check, plan: Plan) -> Check:
    """Request a recalibration of the champion alone, and carry it out here: nothing is trained.

    It is only reported while another challenger waits for approval or a request is open.
    """
    if (wait := _other_work(run, check, "recalibrated")) is not None:
        return changed(check, reason=f"{check.reason}; {wait}")
    asked = _asked(run, plan)
    request = Request(
        request_id=digest("recalibrate", run.config.model, asked.window, check.champion, fresh.digest)[:16],
        model=run.config.model,
        champion=check.champion,
        window=asked.window,
        now=run.now,
        reason=check.reason,
        settings=settings_of(run.config),
        parent_run_id=check.mlflow_run_id,
        check=check,
        rows=fresh.digest,
        recalibrate=asked,
    )
    return _carry_out(run, check, request)


def _asked(run: CheckRun, plan: Plan) -> Recalibrate:
    window = labelled_window(run.window, run.config.columns.label_delay)
    return Recalibrate(window=window, least=plan.least, trains=plan.trains)


def _other_work(run: CheckRun, check: Check, verb: str) -> str | None:
    """Return why the champion must not change now: a challenger waits for approval, or a request is open."""
    waits = pending.waiting(run.ledger, run.config.model)
    if waits is not None:
        return f"not {verb} while version {waits[0].number} waits for approval (`driftloop promote`)"
    if check.shadow is not None:
        return f"not {verb} while version {check.shadow.version} is in shadow"
    return f"not {verb} while a request is open" if open_request(run, check.champion) is not None else None


def _carry_out(run: CheckRun, check: Check, request: Request) -> Check:
    recovery.ask(run.ledger, request)
    run.request = request
    failpoints.reach("wrote decision")
    return recovery.with_result(check, carry_out_here(run.config, request))


def train(run: CheckRun, check: Check, rows: str, learned_from: str, plan: Plan | None = None) -> Check:
    """Write the decision with its request in one step, and train in a subflow, or leave it to a worker.

    Champion, window, rows and settings identify the request: the same request is trained once.
    """
    columns, span = run.config.columns, run.config.learned_span
    window = training_window(run.window, columns.label_delay, span)
    settings = settings_of(run.config)
    request = Request(
        request_id=digest("retrain", run.config.model, window, check.champion, settings, learned_from)[:16],
        model=run.config.model,
        champion=check.champion,
        window=window,
        now=run.now,
        reason=check.reason,
        settings=settings,
        parent_run_id=check.mlflow_run_id,
        check=check,
        rows=rows,
        recalibrate=_asked(run, plan) if plan is not None else None,
    )
    recovery.ask(run.ledger, request)
    run.request = request
    failpoints.reach("wrote decision")
    if run.train == "request":
        reason = f"{check.reason}; request {request.request_id} waits for the deployment training/{run.config.model}"
        return changed(check, outcome=Outcome.REQUESTED, reason=reason)
    announce.retrain_requested(check, request.request_id)
    return recovery.with_result(check, carry_out_here(run.config, request))


def open_request(run: CheckRun, champion: str | None) -> Request | None:
    """Return an open request to replace this champion, if workers train; otherwise recovery has closed them all."""
    if run.train == "here" or run.dry_run:
        return None
    requests = run.ledger.open_requests(run.config.model)
    return next((request for request in requests if request.champion == champion), None)


def carry_out_here(config: Project, request: Request) -> Retrain:
    """Train in this process. Imported late: a check without a retrain does not wait for the import."""
    from driftloop.pipelines.flows.training import carry_out

    return carry_out(config, request)
