"""Final steps after the gate has passed: register once, load back, then promote, reject, or wait.

A challenger waits in shadow until its verdict (`promotion.shadow`), or for approval (`promotion: manual`).
They need only the contents of ledger and MLflow, so another process can finish them after a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import cast

from driftloop.monitoring.errors import StoredModelDiffers, Tampered, TrainingImpossible
from driftloop.monitoring.ledger import Claim, Kind, Ledger, Progress
from driftloop.monitoring.records import Retrain, changed
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import CHAMPION, Stored, Version, pending, promotion
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.registry.promotion import Ended
from driftloop.pipelines.requests.work import Work
from driftloop.pipelines.runtime import failpoints

TRIES = 3  # how often a challenger is compared again after the champion has changed

Rejudge = Callable[[Version | None, Progress], tuple[bool, Progress]]
"""Compares the challenger with another champion; returns whether the gate passed, and its numbers."""


def finish(
    work: Work, progress: Progress, *, prove: Callable[[Project, Version], None], rejudge: Rejudge | None
) -> Retrain:
    """Promote, reject or hold back a stored model, once. Without `rejudge` a champion that changed meanwhile stays.

    With a verdict on a challenger in shadow it is carried out, in place of the champion that it was compared with.

    `prove` raises StoredModelDiffers where the stored version predicts something other than the fitted model.
    """
    own_code.importable(work.config)
    version = _registered(work, progress)
    failpoints.reach("registered version")
    try:
        promotion.verify_identity(work.ledger, version)
        prove(work.config, version)
    except (StoredModelDiffers, Tampered) as error:
        _reject(work, version, progress, "broken", f"{error.found}")
        raise
    failpoints.reach("loaded back")
    # An adoption is a user's own decision already, and a version of a model elsewhere serves already.
    decided = work.request.adopt is not None or work.request.follows is not None
    held = None if work.request.champion is None or decided else _held(work, version, progress)
    return held or _promote(work, version, progress, rejudge)


def _held(work: Work, version: Version, progress: Progress) -> Retrain | None:
    """Decline a challenger by its verdict, or let it wait; None if it is promoted now."""
    verdict, promotion = progress.verdict, work.config.promotion
    if verdict is not None and not verdict.promote:
        return _reject(work, version, progress, cast("Ended", verdict.code), verdict.reason)
    if verdict is None and promotion.shadow:
        return _shadow(work, version, progress)
    return _wait(work, version, progress) if promotion.manual else None


def _promote(work: Work, version: Version, progress: Progress, rejudge: Rejudge | None) -> Retrain:
    for _ in range(TRIES):
        done = changed(_retrain(work, version, progress, progress.code), promoted=True)
        close = partial(_close, work, version, done)
        if promotion.promote(work.ledger, version, instead_of=progress.against, by=work.claim, close_request=close):
            return done
        now = registry.aliased(work.config.model, CHAMPION)
        current = f"version {now.number}" if now else "no champion"
        if rejudge is None:
            reason = f"{progress.reason}; the champion changed meanwhile to {current}, which stays"
            return _reject(work, version, progress, "champion_changed", reason)
        passed, progress = rejudge(now, progress)
        if not passed:
            reason = f"the champion changed meanwhile; compared with {current}: {progress.reason}"
            return _reject(work, version, progress, "champion_changed", reason)
        work.ledger.advance(work.request.request_id, progress, by=work.claim)
    return _reject(work, version, progress, "champion_changed", f"the champion changed {TRIES} times during training")


def switch_back(work: Work, run_id: str, *, prove: Callable[[Project, Version], None]) -> Retrain:
    """Move the champion's alias to the archived model of the request, once; another champion meanwhile stays."""
    config, request, switch = work.config, work.request, work.request.switch
    assert switch is not None
    own_code.importable(config)
    version = next((one for one in registry.versions(config.model) if one.number == switch.version), None)
    if version is None:
        raise TrainingImpossible(
            "version_missing",
            f"version {switch.version} is missing in MLflow",
            expected="the archived model to switch to",
            remedy="the next check compares the archived models that are left",
        )
    numbers = {"champion_loss": switch.champion_loss, "challenger_loss": switch.loss}
    code: Ended = "rolled_back" if switch.rollback else "switched_back"
    done = work.retrain(run_id, None, version=version.number, code=code, reason=request.reason)
    done = changed(done, **numbers)
    try:
        registry.verify(version)
        promotion.verify_identity(work.ledger, version)
        prove(config, version)
    except (StoredModelDiffers, Tampered) as error:
        work.ledger.close_request(changed(done, code="broken", reason=f"{error.found}"), by=work.claim)
        raise
    failpoints.reach("loaded back")
    if config.promotion.manual:
        reason = f"{request.reason}; waits for approval: `driftloop promote {config.model} {version.number}`"
        done = changed(done, code=str(Kind.AWAITING_APPROVAL), reason=reason)
        registry.tag(version, pending.SWITCH_REQUEST, request.request_id)
        close = partial(work.ledger.close_request, done, by=work.claim)
        pending.await_approval(work.ledger, version, by=work.claim, close_request=close)
        return done
    moved = changed(done, promoted=True)

    def record() -> None:
        if switch.rollback and request.champion is not None:
            registry.take_back(config.model, request.champion, request.reason)
        work.ledger.close_request(moved, by=work.claim)

    if promotion.promote(work.ledger, version, instead_of=request.champion, by=work.claim, close_request=record):
        return moved
    done = changed(done, code="champion_changed", reason="the champion changed, or a user rolled back, meanwhile")
    work.ledger.close_request(done, by=work.claim)
    return done


def _registered(work: Work, progress: Progress) -> Version:
    return registered(
        work.ledger, work.config.model, work.request.request_id, progress, work.request.now, by=work.claim
    )


def registered(
    ledger: Ledger, model: str, request_id: str, progress: Progress, now: datetime, *, by: Claim | None
) -> Version:
    """Return the one version of this request, created inside the lock so that no other process creates a second."""
    with ledger.model_lock(model):
        ledger.require(by)
        version = registry.of_request(model, request_id)
        if version is None:
            stored = Stored(progress.model_id, progress.sealed)
            registry.register(model, stored, run_id=progress.run_id, tags=progress.tags)
            # MLflow retries by itself when the server does not answer, and may have created two versions.
            version = registry.of_request(model, request_id)
            assert version is not None
        if identities(ledger, model).of(version) is None:
            entry = {"version": version.number, "model_id": version.model_id, "request_id": request_id}
            entry["sealed"] = progress.sealed
            ledger.note(model, Kind.REGISTERED, entry, now, subject=version.number)
    return version


def _shadow(work: Work, version: Version, progress: Progress) -> Retrain:
    most, champion = work.config.promotion.shadow, work.request.champion
    reason = f"{progress.reason}; in shadow of version {champion} for up to {most} labeled windows (promotion.shadow)"
    done = changed(_retrain(work, version, progress, str(Kind.SHADOWING)), reason=reason)
    close = partial(work.ledger.close_request, done, by=work.claim)
    pending.enter_shadow(work.ledger, version, by=work.claim, close_request=close)
    return done


def _close(work: Work, version: Version, done: Retrain) -> None:
    pending.leave_shadow(version)
    work.ledger.close_request(done, by=work.claim)


def _wait(work: Work, version: Version, progress: Progress) -> Retrain:
    reason = f"{progress.reason}; waits for approval: `driftloop promote {work.config.model} {version.number}`"
    done = changed(_retrain(work, version, progress, str(Kind.AWAITING_APPROVAL)), reason=reason)
    close = partial(_close, work, version, done)
    pending.await_approval(work.ledger, version, by=work.claim, close_request=close)
    return done


def _reject(work: Work, version: Version, progress: Progress, code: Ended, reason: str) -> Retrain:
    """Reject the version; it stays in the registry, with the reason in its tags."""
    work.ledger.require(work.claim)
    registry.tag(version, "driftloop.rejected", f"{code}: {reason}")
    done = changed(_retrain(work, version, progress, code), reason=reason)
    _close(work, version, done)
    return done


def _retrain(work: Work, version: Version, progress: Progress, code: str) -> Retrain:
    return work.retrain(progress.run_id, progress, version=version.number, code=code, reason=progress.reason)
