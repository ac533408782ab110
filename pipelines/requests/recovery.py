"""First step of a check and of a manual retrain: finishes the work of dead processes.

So that every request has exactly one result, `recover` does in this order:

1. An open request whose holder is dead (by pid on this host, by its lease on others) is resumed from its last recorded
   step: `flows.training.carry_out` fits again if no model was stored, and otherwise registers, loads back and promotes
   or rejects the stored one. It is failed instead after three attempts, or if the training settings have changed.
2. A check that requested a retrain and died gets the result of that request: outcome, tags, report, notification.
3. A champion that MLflow has lost is restored from the ledger (`registry.promotion.restore`).
4. Runs that a dead process left RUNNING in MLflow and Prefect are closed (`dead_runs`).

A check that fails without dying records its own end: `check_run.CheckRun.failed`. In server mode (`train="request"`)
the sweep does the first step, and while a request is open and a champion serves, the third is left to its training run.
docs/faults.md has the promises, and the test of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from driftloop.monitoring.ledger import Ledger, Request, window_key
from driftloop.monitoring.records import UNTRAINED, Check, Outcome, PromotionWatch, Retrain, Window, changed
from driftloop.monitoring.sequential.watch import end_early
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import evidence, promotion
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.requests import dead_runs, recorded
from driftloop.pipelines.requests.advice import why_no_champion
from driftloop.pipelines.requests.check_run import Train
from driftloop.pipelines.requests.ends import NOT_RECALIBRATED, PENDING, SHADOW_DECLINED, first_outcome
from driftloop.pipelines.requests.learning import learn_on
from driftloop.pipelines.requests.work import settings_of

log = logging.getLogger("driftloop.recovery")
CarryOut = Callable[[Project, Request], Retrain]
MOST_ATTEMPTS = 3
# The shortest time between two checks.
MOMENT = timedelta(microseconds=1)
CLOCK_SLACK = timedelta(minutes=5)


def recover(
    config: Project,
    ledger: Ledger,
    now: datetime,
    report: Callable[[str], object],
    *,
    carry_out: CarryOut,
    train: Train = "here",
) -> str | None:
    """Finish all interrupted work on the model; return a message about its champion if that was restored.

    `carry_out` trains an open request to its end. Where other processes train, they also resume open requests and
    finish interrupted promotions.
    """
    for request in ledger.open_requests(config.model) if train == "here" else ():
        if ledger.busy(f"request/{request.request_id}") is None:
            report(f"request {request.request_id} was interrupted: it is resumed")
            _resume(config, ledger, request, report, carry_out)
    finish_checks(config, ledger)
    unfinished = train == "request" and ledger.open_requests(config.model)
    serves = unfinished and registry.aliased(config.model, registry.CHAMPION)
    restored = None if serves else promotion.restore(ledger, config.model, now)
    for ended in dead_runs.end_idle_runs(ledger, config.model) + dead_runs.end_dead_runs(ledger, config.model):
        report(f"{ended.where} run {ended.run_id} was closed: its process {ended.owner} no longer works on it")
    return restored


def finish_checks(config: Project, ledger: Ledger) -> None:
    """Finish the checks whose requests have a result: their process died, or left the training run to another one."""
    for request, end in ledger.ended_without_check(config.model):
        _finish_check(config, ledger, request, end)


def give_up_reason(config: Project, ledger: Ledger, request: Request) -> str | None:
    """Return why an open request must not be resumed; None if it can be."""
    if request.settings != settings_of(config):
        return "the config has changed since the retrain was requested: request it again (`driftloop retrain`)"
    attempts = ledger.attempts(request.request_id)
    if attempts >= MOST_ATTEMPTS:
        return (
            f"its process died {attempts} times in a row: no further automatic attempt (`driftloop retrain` tries it)"
        )
    return None


def clock_went_back(ledger: Ledger, model: str, clock: datetime) -> str | None:
    """Return a message if the ledger has an entry of a later time than the clock shows; None otherwise.

    Only the meaning of `now` depends on the clock: leases of this host are checked by pid, and windows have keys.
    """
    newest = ledger.events(model, most=1)
    if not newest or newest[0].written_at <= clock + CLOCK_SLACK:
        return None
    return (
        f"the clock of this machine ({clock:%Y-%m-%d %H:%M}) is behind the newest entry of the ledger "
        f"({newest[0].written_at:%Y-%m-%d %H:%M}): until the clock has passed that time, cooldowns and budgets do "
        "not count the entries after it"
    )


def with_result(check: Check, retrain: Retrain) -> Check:
    """Return a check that requested a retrain, with the result of that retrain."""
    first = check.outcome is Outcome.BOOTSTRAPPED
    if retrain.promoted:
        outcome = Outcome.BOOTSTRAPPED if first else Outcome.PROMOTED
        outcome = Outcome(retrain.code) if retrain.code in UNTRAINED else outcome
    elif retrain.code in PENDING:
        outcome = Outcome(retrain.code)
    elif retrain.code in SHADOW_DECLINED:
        outcome = Outcome.SHADOW_DECLINED
    elif retrain.code == NOT_RECALIBRATED:
        outcome = check.outcome
    else:
        outcome = first_outcome(retrain.code) if first else Outcome.REJECTED
    reason = f"{check.reason}. {retrain.reason}" if not first else why_no_champion(retrain)
    if first and retrain.promoted:
        reason = f"the first champion is version {retrain.version}: {retrain.reason}"
    return changed(
        check,
        outcome=outcome,
        reason=reason,
        retrain=retrain,
        champion_after=retrain.version if retrain.promoted else check.champion,
        watch=_watch_after(check, retrain),
    )


def _watch_after(check: Check, retrain: Retrain) -> PromotionWatch | None:
    """Return the watch over the last promotion after a retrain: another version that serves ends it."""
    if not retrain.promoted or retrain.code == Outcome.ROLLED_BACK:
        return check.watch
    return end_early(check.watch, f"version {retrain.version} serves now")


def ask(ledger: Ledger, request: Request) -> Retrain | None:
    """Request a retrain; return the earlier result if the request was finished before and its version still exists."""
    done = ledger.request(request)
    if (
        request.switch is None
        and done is not None
        and done.version is not None
        and (done.promoted or done.code in PENDING)
    ):
        versions = registry.versions(request.model)
        if all(version.tags.get("driftloop.request_id") != request.request_id for version in versions):
            log.warning("version %s of request %s is missing in MLflow: training again", done.version, done.request_id)
            return ledger.request(request, again=True)
    return done


def judged_keys(ledger: Ledger, check: Check, rows: str) -> tuple[str, ...]:
    """Return the keys of a judged check's window and rows, for the champion before it and the champion after it."""
    served = (version for version in (check.champion, check.champion_after) if version is not None)
    return tuple(judged_key(ledger, check.model, check.window, version, rows) for version in served)


def judged_key(ledger: Ledger, model: str, window: Window, champion: str, rows: str) -> str:
    """Return the key of a window judged with a champion; distinct from the same version number in an older registry."""
    return window_key(model, window, identities(ledger, model).name(champion), rows)


def _resume(
    config: Project, ledger: Ledger, request: Request, report: Callable[[str], object], carry_out: CarryOut
) -> None:
    reason = give_up_reason(config, ledger, request)
    if reason is not None:
        ledger.fail(request.request_id, reason)
        return
    try:
        carry_out(config, request)
    except Exception as error:
        # The flow has recorded it; this check goes on.
        report(f"request {request.request_id} could not be resumed: {type(error).__name__}: {error}")


def _finish_check(config: Project, ledger: Ledger, request: Request, end: Retrain | str) -> None:
    assert request.check is not None
    if isinstance(end, Retrain):
        check = with_result(request.check, end)
    else:
        check = changed(
            request.check, outcome=Outcome.FAILED, reason=f"{request.check.reason}. The retrain failed: {end}"
        )
    run_id = check.mlflow_run_id
    if run_id is not None:
        evidence.log_check(run_id, check, None)
        evidence.tag_check(run_id, check)
        if problem := evidence.renew_report(check):
            log.warning("%s: %s", config.model, problem)
        evidence.close_run(run_id, failed=check.reason if check.outcome is Outcome.FAILED else None)
    if ledger.record(check, judged_keys(ledger, check, request.rows or "")):
        learn_on(config, ledger, check, ledger.history(config.model, check.now - MOMENT))
        recorded.check_recorded(config, check, ledger)
