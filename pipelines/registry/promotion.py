"""Promotion, rollback and repair of the champion: every move of its alias, from its cause to its record.

Each move is made inside the ledger's lock of the model, which one process at a time holds, on any machine:

1. `ledger.require` checks that no other process has taken over the request since.
2. The champion is read again and compared with the version that the challenger beat at the gate. If another one serves,
   nothing moves: the caller compares with that one, or rejects.
3. `previous` moves to the old champion, then `champion` to the new version. A crash in between leaves the old champion
   serving. `still()` verifies right before each move that the lock is held.
4. The request is closed in the ledger, in the same transaction as the event `promoted`; then the lock is released.

What a crash interrupts, the next check completes: `restore` follows the events of the ledger.

| move | called by | differs in |
|---|---|---|
| `promote` | requests.finishing, once the stored version was loaded back | see above |
| `rollback` | the command `driftloop rollback` | swaps both aliases, `champion` first |
| `restore` | requests.recovery, before each check; doctor | brings back a champion that was deleted in MLflow |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from driftloop.monitoring.errors import DriftloopError, NothingToRollBack, Tampered
from driftloop.monitoring.ledger import Claim, Event, Kind, Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHAMPION, PREVIOUS, Version
from driftloop.pipelines.registry.identities import Identities, identities
from driftloop.pipelines.runtime import failpoints

Ended = Literal[
    "adopted",
    "took_over",
    "approved",
    "broken",
    "champion_changed",
    "declined",
    "shadow_declined",
    "shadow_ended",
    "shadow_proven",
    "shadow_unproven",
    "superseded",
    "switched_back",
    "recalibrated",
    "rolled_back",
]
"""Results of a challenger after it has passed the gate; `requests.ends` explains each."""
# Events that determine the version to serve.
MOVES = (
    *(Kind.PROMOTED, Kind.SWITCHED_BACK, Kind.RECALIBRATED, Kind.ROLLED_BACK),
    *(Kind.HEALED, Kind.CHAMPION_SET),
)


def promote(
    ledger: Ledger, version: Version, *, instead_of: str | None, by: Claim | None, close_request: Callable[[], object]
) -> bool:
    """Make the version champion if the champion is still `instead_of`; the old champion becomes `previous`.

    Returns False, and moves nothing, if another version serves now. An interrupted promotion is finished.
    """
    with ledger.model_lock(version.model) as still:
        ledger.require(by)
        now = registry.aliased(version.model, CHAMPION)
        serves = now.number if now else None
        if serves not in {instead_of, version.number} or was_rolled_back(ledger, version):
            return False
        if serves != version.number:
            still()
            if now is not None:
                registry.point(now, PREVIOUS)
                failpoints.reach("moved previous")
                still()
            registry.point(version, CHAMPION)
        failpoints.reach("moved champion")
        close_request()
    return True


def rollback(ledger: Ledger, model: str, now: datetime) -> tuple[Version, Version]:
    """Swap champion and previous; return the replaced version and the one that serves now."""
    with ledger.model_lock(model) as still:
        left, back = registry.champion(model), registry.aliased(model, PREVIOUS)
        if back is None or back.number == left.number:
            raise NothingToRollBack(model)
        registry.verify(back)
        verify_identity(ledger, back)
        still()
        # `champion` first: after an interruption here, `previous` still points to the old version.
        registry.point(back, CHAMPION)
        registry.point(left, PREVIOUS)
        ledger.note(model, Kind.ROLLED_BACK, _moved(back, left.number), now, subject=back.number)
    return left, back


def restore(ledger: Ledger, model: str, now: datetime) -> str | None:
    """Restore a champion whose alias or version was deleted outside driftloop; return a message, or None.

    Its own version is restored if it exists, otherwise `previous`, otherwise the newest former champion. A champion
    that was set manually in MLflow is accepted and reported once; so is one of an exchanged registry or ledger.
    """
    with ledger.model_lock(model):
        served = ledger.events(model, kinds=MOVES)
        there = registry.aliased(model, CHAMPION)
        known = identities(ledger, model)
        if not served:
            return _accept_unrecorded(ledger, model, now, there, known)
        message, champion = _restore_champion(ledger, model, now, there, served, known)
        if champion is not None:
            _restore_previous(ledger, champion, served, known)
        return message


def lost(ledger: Ledger, model: str) -> str | None:
    """Return a message if the ledger has a champion and MLflow has no version that could serve; None otherwise."""
    served = ledger.events(model, most=1, kinds=MOVES)
    if not served or registry.aliased(model, CHAMPION) is not None:
        return None
    return (
        f"in the ledger version {served[0].payload['version']} is champion, but MLflow has neither that version nor an "
        "earlier one that could serve: its database was deleted, exchanged, or restored from an older backup"
    )


def would_bring_back(ledger: Ledger, model: str) -> str | None:
    """Return what a check would do first if the champion of the ledger has no alias in MLflow."""
    served = ledger.events(model, most=1, kinds=MOVES)
    if not served or registry.aliased(model, CHAMPION) is not None or not registry.versions(model):
        return None
    return (
        f"the alias 'champion' of {model} is missing in MLflow; the champion in the ledger is version "
        f"{served[0].payload['version']}: a check would restore it, or an earlier version, and then judge the rows"
    )


def _accept_unrecorded(
    ledger: Ledger, model: str, now: datetime, there: Version | None, known: Identities
) -> str | None:
    """Accept a champion that the ledger has no entry of, and report it once."""
    if there is None or known.entries or "driftloop.request_id" not in there.tags:
        return None
    message = (
        f"version {there.number} is champion in MLflow, but the ledger has no entry of it: the ledger is new, or was "
        "lost with the history of this model (restore it from a backup if there is one)"
    )
    ledger.note(model, Kind.CHAMPION_SET, {**_moved(there, None), "reason": message}, now, subject=there.number)
    return message


def _restore_champion(
    ledger: Ledger, model: str, now: datetime, there: Version | None, served: list[Event], known: Identities
) -> tuple[str | None, Version | None]:
    recorded = str(served[0].payload["version"])
    if there is not None:
        if known.is_about(served[0], there):
            return None, there
        message = f"version {there.number} was set as champion in MLflow manually, instead of version {recorded}"
        if there.number == recorded:
            message = (
                f"version {recorded} in MLflow is not the version {recorded} of the ledger: MLflow's database was "
                "exchanged, or the model was deleted and trained again; it is accepted as set manually"
            )
        ledger.note(model, Kind.CHAMPION_SET, {**_moved(there, recorded), "reason": message}, now)
        return message, there
    back = next(_loadable(ledger, model, served, known), None)
    if back is None:
        return None, None
    registry.point(back, CHAMPION)
    same = back.number == recorded and known.is_about(served[0], back)
    cause = "its alias was deleted" if same else f"version {recorded} was deleted"
    message = f"the champion was missing in MLflow ({cause} outside driftloop): version {back.number} was restored"
    ledger.note(model, Kind.HEALED, {**_moved(back, recorded), "reason": message}, now, subject=back.number)
    return message, back


def _moved(version: Version, left: str | None) -> dict[str, str | None]:
    return {"version": version.number, "model_id": version.model_id, "left": left}


def _restore_previous(ledger: Ledger, champion: Version, served: list[Event], known: Identities) -> None:
    """Restore `previous` from the ledger, after a move was interrupted between its two aliases."""
    before = registry.aliased(champion.model, PREVIOUS)
    others = {str(event.payload["version"]) for event in served} - {champion.number}
    if others and (before is None or before.number == champion.number):
        loadable = _loadable(ledger, champion.model, served, known)
        back = next((one for one in loadable if one.number != champion.number), None)
        if back is not None:
            registry.point(back, PREVIOUS)


def verify_identity(ledger: Ledger, version: Version) -> None:
    """Compare the version's seal with the ledger's copy: someone may have changed a file in MLflow and its tag too."""
    kept = identities(ledger, version.model).of(version)
    if kept is not None and kept.sealed != version.tags.get("driftloop.manifest_sha256"):
        raise Tampered(f"{version.model} version {version.number}", registry.MANIFEST)


def was_rolled_back(ledger: Ledger, version: Version) -> bool:
    """Return whether a user rolled back from it: a training run that is resumed later must not promote it again.

    A promotion that the watch took back does not count: the archive may bring that version back on later rows.
    """
    moves = ledger.events(version.model, kinds=(Kind.ROLLED_BACK,))
    known = identities(ledger, version.model)
    return any("code" not in event.payload and known.is_about(event, version, "left") for event in moves)


def _loadable(ledger: Ledger, model: str, served: list[Event], known: Identities) -> Iterator[Version]:
    """Yield the versions that can be restored: the recorded champion, `previous`, then older ones, newest first."""
    there = {version.number: version for version in registry.versions(model)}
    previous = registry.aliased(model, PREVIOUS)
    numbers = [str(event.payload["version"]) for event in served]
    candidates = [numbers[0], *([previous.number] if previous else []), *numbers[1:]]
    for number in dict.fromkeys(candidates):
        if number not in there:
            continue
        moves = [event for event in served if str(event.payload["version"]) == number]
        if moves and not any(known.is_about(event, there[number]) for event in moves):
            # This is another version of that number, of a later registry.
            continue
        try:
            registry.verify(there[number])
            verify_identity(ledger, there[number])
        except DriftloopError:
            continue
        yield there[number]
