"""A retrain requested by a check: written to the ledger, and trained here or left to a worker."""

from __future__ import annotations

from driftloop.monitoring.ledger import Request, digest
from driftloop.monitoring.records import Check, Outcome, Retrain, changed
from driftloop.monitoring.windows import training_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import Version, promotion
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import failpoints


def retrain(run: CheckRun, champion: Version, fresh: Fresh, check: Check) -> Check:
    """Ask for a retrain and have it run, unless a challenger for this champion waits or is being trained already."""
    waits = promotion.waiting(run.ledger, run.config.model)
    if waits is not None and run.ledger.find_request(waits[1].request_id).champion == champion.number:
        said = f"nothing is trained while version {waits[0].number} waits for `driftloop promote`"
        told = {"outcome": Outcome.AWAITING_APPROVAL, "reason": f"{check.reason}; {said}"}
        return changed(check, **told)
    under_way = open_request(run, champion.number)
    if under_way is not None:
        said = f"nothing more is asked for while request {under_way.request_id} is not at its end"
        return changed(check, reason=f"{check.reason}; {said}")
    return train(run, check, fresh.digest, fresh.digest)


def train(run: CheckRun, check: Check, rows: str, learned_from: str) -> Check:
    """Write the decision and its request at once, and run the training as a subflow, or leave it to others.

    Champion, window, rows and settings are the request: the same one is trained once.
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
    )
    recovery.ask(run.ledger, request)
    run.request = request
    failpoints.reach("wrote decision")
    if run.train == "request":
        said = f"{check.reason}; request {request.request_id} waits for the deployment training/{run.config.model}"
        return changed(check, outcome=Outcome.REQUESTED, reason=said)
    announce.retrain_requested(check, request.request_id)
    return recovery.with_result(check, carry_out_here(run.config, request))


def open_request(run: CheckRun, champion: str | None) -> Request | None:
    """An open request to replace this champion, where others train: where we do, recovery has left none."""
    if run.train == "here" or run.dry_run:
        return None
    return next((one for one in run.ledger.open_requests(run.config.model) if one.champion == champion), None)


def carry_out_here(config: Project, request: Request) -> Retrain:
    """Train here and now. Imported late: a check without a retrain never waits for it."""
    from driftloop.pipelines.flows.training import carry_out

    return carry_out(config, request)
