"""What a check does before its own work: it finishes what dead processes left, so that every request has one end.

Requests without an end are carried on, checks that decided on one get their last word, the champion is healed, and
orphaned runs are closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from driftloop.monitoring.ledger import Kind, Ledger, Request, window_key
from driftloop.monitoring.records import Check, Outcome, Retrain, Window, changed
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import evidence, promotion
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.requests.advice import why_no_champion
from driftloop.pipelines.requests.check_run import Train
from driftloop.pipelines.requests.ends import first_outcome
from driftloop.pipelines.requests.learning import learn_on
from driftloop.pipelines.requests.work import settings_of

log = logging.getLogger("driftloop.recovery")
CarryOut = Callable[[Project, Request], Retrain]
MOST_ATTEMPTS = 3
# The least time by which one check is earlier than another.
MOMENT = timedelta(microseconds=1)
CLOCK_SLACK = timedelta(minutes=5)


def recover(
    config: Project,
    ledger: Ledger,
    now: datetime,
    tell: Callable[[str], object],
    *,
    carry_out: CarryOut,
    train: Train = "here",
) -> str | None:
    """Bring the model to a state as if nothing had broken off; gives what is to be told of its champion.

    `carry_out` trains an open request to its end. Where others train they also carry on what was left, and a promotion
    that broke off is theirs to finish.
    """
    for request in ledger.open_requests(config.model) if train == "here" else ():
        if ledger.busy(f"request/{request.request_id}") is None:
            tell(f"request {request.request_id} was left without an end: it is carried on")
            _carry_on(config, ledger, request, tell, carry_out)
    last_words(config, ledger)
    unfinished = train == "request" and ledger.open_requests(config.model)
    serves = unfinished and registry.aliased(config.model, registry.CHAMPION)
    healed = None if serves else promotion.heal(ledger, config.model, now)
    for ended in dead_runs.end_idle_runs(ledger, config.model) + dead_runs.end_dead_runs(ledger, config.model):
        tell(f"{ended.where} run {ended.run_id} of {ended.owner} was ended: nobody works on it any more")
    return healed


def last_words(config: Project, ledger: Ledger) -> None:
    """Finish the checks whose requests came to an end without them: their process died, or left the training to us."""
    for request, end in ledger.ended_without_check(config.model):
        _last_word(config, ledger, request, end)


def hopeless(config: Project, ledger: Ledger, request: Request) -> str | None:
    """Why an open request is not to be carried on, if it is not."""
    if request.settings != settings_of(config):
        return "the config has changed since it was asked for: ask again"
    tried = ledger.attempts(request.request_id)
    if tried >= MOST_ATTEMPTS:
        return f"its process died {tried} times in a row: it is not tried again by itself"
    return None


def clock_went_back(ledger: Ledger, model: str, clock: datetime) -> str | None:
    """What to tell where the ledger holds an entry of a later time than the clock shows; None if all is well.

    Nothing depends on the clock but what `now` means: leases of this host are told by pids, and windows are keyed.
    """
    newest = ledger.events(model, most=1)
    if not newest or newest[0].written_at <= clock + CLOCK_SLACK:
        return None
    return (
        f"the clock of this machine shows {clock:%Y-%m-%d %H:%M}, and the ledger's newest entry is of "
        f"{newest[0].written_at:%Y-%m-%d %H:%M}: the clock went back; until it is there again, cooldowns and "
        "budgets do not know of what happened since"
    )


def with_end(check: Check, retrain: Retrain) -> Check:
    """A check whose decision was to retrain, once the training has ended."""
    first = check.outcome is Outcome.BOOTSTRAPPED
    if retrain.promoted:
        outcome = Outcome.BOOTSTRAPPED if first else Outcome.PROMOTED
    elif retrain.code == Outcome.AWAITING_APPROVAL:
        outcome = Outcome.AWAITING_APPROVAL
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
    )


def ask(ledger: Ledger, request: Request) -> Retrain | None:
    """Ask for a retrain; gives the result if it was trained to its end before and its version is still there."""
    done = ledger.request(request)
    if done is not None and done.version is not None and (done.promoted or done.code == Kind.AWAITING_APPROVAL):
        there = registry.versions(request.model)
        if all(version.tags.get("driftloop.request_id") != request.request_id for version in there):
            log.warning(
                "version %s of request %s is gone from MLflow: it is trained again", done.version, done.request_id
            )
            return ledger.request(request, again=True)
    return done


def settled_keys(ledger: Ledger, check: Check, rows: str) -> tuple[str, ...]:
    """What a judged check settles: its window and rows, for the champion it met and for the one it left in place."""
    served = (one for one in (check.champion, check.champion_after) if one is not None)
    return tuple(checked_key(ledger, check.model, check.window, version, rows) for version in served)


def checked_key(ledger: Ledger, model: str, window: Window, champion: str, rows: str) -> str:
    """The key of a window that was judged with a champion, also where an older registry had a version of its number."""
    return window_key(model, window, identities(ledger, model).name(champion), rows)


def _carry_on(
    config: Project, ledger: Ledger, request: Request, tell: Callable[[str], object], carry_out: CarryOut
) -> None:
    why_not = hopeless(config, ledger, request)
    if why_not is not None:
        ledger.fail(request.request_id, why_not)
        return
    try:
        carry_out(config, request)
    except Exception as error:
        # The flow has recorded it; this check goes on.
        tell(f"request {request.request_id} could not be carried on: {type(error).__name__}: {error}")


def _last_word(config: Project, ledger: Ledger, request: Request, end: Retrain | str) -> None:
    assert request.check is not None
    if isinstance(end, Retrain):
        check = with_end(request.check, end)
    else:
        check = changed(
            request.check, outcome=Outcome.FAILED, reason=f"{request.check.reason}. But the training failed: {end}"
        )
    run_id = check.mlflow_run_id
    if run_id is not None:
        evidence.log_check(run_id, check, None)
        evidence.tag_check(run_id, check)
        if wrong := evidence.renew_report(check):
            log.warning("%s: %s", config.model, wrong)
        evidence.close_run(run_id, failed=check.reason if check.outcome is Outcome.FAILED else None)
    if ledger.record(check, settled_keys(ledger, check, request.rows or "")):
        learn_on(config, ledger, check, ledger.history(config.model, check.now - MOMENT))
        announce.check_ended(config.notify, check, ledger)
