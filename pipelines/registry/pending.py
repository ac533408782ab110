"""Challengers that passed the gate and do not serve yet: in shadow, or waiting for approval.

| move | called by | what it does |
|---|---|---|
| `await_approval` | requests.finishing, with `promotion: manual` | sets the alias `challenger`; no other alias moves |
| `enter_shadow` | the same, with `promotion: {shadow: N}` | sets the alias `shadow`; no other alias moves |
| `approve`, `decline` | requests.approval: command, API or Prefect | `approve` moves as `promotion.promote` does |

Each is made inside the ledger's lock of the model, and closes the request last: what a crash interrupts is repeated.
"""

from __future__ import annotations

from collections.abc import Callable

from driftloop.monitoring.errors import ChampionChanged, NothingToApprove
from driftloop.monitoring.ledger import Claim, Kind, Ledger
from driftloop.monitoring.records import Retrain, changed
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHALLENGER, CHAMPION, SHADOW, Version
from driftloop.pipelines.registry.promotion import Ended, promote, verify_identity
from driftloop.pipelines.runtime import failpoints

# Tag of a former champion: the request to switch back to it.
SWITCH_REQUEST = "driftloop.switch_request"


def await_approval(ledger: Ledger, version: Version, *, by: Claim | None, close_request: Callable[[], object]) -> None:
    """Let a challenger that passed the gate wait for manual approval; an earlier pending challenger is superseded."""
    with ledger.model_lock(version.model):
        ledger.require(by)
        before = waiting(ledger, version.model)
        if before is not None and before[0].number != version.number:
            _decline(ledger, *before, "superseded", f"version {version.number} is newer and waits for approval instead")
        registry.point(version, CHALLENGER)
        close_request()


def enter_shadow(ledger: Ledger, version: Version, *, by: Claim | None, close_request: Callable[[], object]) -> None:
    """Let a challenger that passed the gate be scored next to the champion; one that is in shadow is superseded."""
    with ledger.model_lock(version.model):
        ledger.require(by)
        before = in_shadow(ledger, version.model)
        if before is not None and before[0].number != version.number:
            why = f"version {version.number} is newer and is in shadow instead"
            _decline(ledger, *before, "superseded", why)
        registry.point(version, SHADOW)
        failpoints.reach("pointed shadow")
        close_request()


def leave_shadow(version: Version) -> None:
    """Remove the alias `shadow` from a version, if it has it. Called before its request is closed."""
    there = registry.aliased(version.model, SHADOW)
    if there is not None and there.number == version.number:
        registry.unpoint(version.model, SHADOW)
        failpoints.reach("left shadow")


def in_shadow(ledger: Ledger, model: str) -> tuple[Version, Retrain] | None:
    """Return the challenger in shadow, with the result of its gate."""
    # MLflow is not asked about a model that had none.
    known = ledger.events(model, most=1, kinds=(Kind.SHADOWING,))
    version = registry.aliased(model, SHADOW) if known else None
    result = _result(ledger, version, Kind.SHADOWING) if version else None
    return (version, result) if version and result else None


def waiting(ledger: Ledger, model: str) -> tuple[Version, Retrain] | None:
    """Return the challenger that waits for approval, with the result of its gate."""
    version = registry.aliased(model, CHALLENGER)
    result = _result(ledger, version, Kind.AWAITING_APPROVAL) if version else None
    return (version, result) if version and result else None


def approve(ledger: Ledger, model: str, number: str) -> tuple[str | None, Version]:
    """Promote the pending challenger; return the replaced version and the one that serves now.

    One in shadow is promoted before its verdict, in place of the champion that it is compared with: the present one.
    """
    version, result = _waiting(ledger, model, number)
    registry.verify(version)
    verify_identity(ledger, version)
    expected = ledger.find_request(result.request_id).champion
    if result.code == Kind.SHADOWING:
        expected = registry.champion(model).number
    code: Ended = "approved"
    done = changed(result, promoted=True, code=code, reason=f"{result.reason}. Approved manually")

    def close() -> None:
        leave_shadow(version)
        ledger.close_request(done)

    if not promote(ledger, version, instead_of=expected, by=None, close_request=close):
        now = registry.aliased(model, CHAMPION)
        raise ChampionChanged(model, number, expected, now.number if now else None)
    if result.code == Kind.AWAITING_APPROVAL:
        registry.unpoint(model, CHALLENGER)
    return expected, version


def decline(ledger: Ledger, model: str, number: str, why: str) -> Version:
    """Reject the pending challenger; the champion stays."""
    version, result = _waiting(ledger, model, number)
    with ledger.model_lock(model):
        leave_shadow(version)
        _decline(ledger, version, result, "declined", why)
        if result.code == Kind.AWAITING_APPROVAL:
            registry.unpoint(model, CHALLENGER)
    return version


def _waiting(ledger: Ledger, model: str, number: str) -> tuple[Version, Retrain]:
    pending = [found for found in (waiting(ledger, model), in_shadow(ledger, model)) if found is not None]
    for found in pending:
        if found[0].number == number:
            return found
    raise NothingToApprove(model, number, pending[0][0].number if pending else None)


def _result(ledger: Ledger, version: Version, code: Kind) -> Retrain | None:
    """Return the result that is no final one: of the request that trained the version, or of a later switch."""
    for tag in (SWITCH_REQUEST, "driftloop.request_id"):
        result = ledger.result(version.tags.get(tag, ""))
        if result is not None and result.code == code:
            return result
    return None


def _decline(ledger: Ledger, version: Version, result: Retrain, code: Ended, why: str) -> None:
    registry.tag(version, "driftloop.rejected", f"{code}: {why}")
    ledger.close_request(changed(result, code=code, reason=f"{result.reason}. Then {code}: {why}"))
