"""Who serves: promotion, rollback, approval and healing. Each re-reads the champion, compares and moves the aliases
inside the ledger's lock, and writes the ledger's word before it lets go.

`previous` moves first, then `champion`: a crash in between leaves the old champion serving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from driftloop.monitoring.errors import ChampionChanged, DriftloopError, NothingToApprove, NothingToRollBack, Tampered
from driftloop.monitoring.ledger import Claim, Event, Kind, Ledger
from driftloop.monitoring.records import Retrain, changed
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHALLENGER, CHAMPION, PREVIOUS, Version
from driftloop.pipelines.registry.identities import Identities, identities
from driftloop.pipelines.runtime import failpoints

Ended = Literal["approved", "broken", "champion_changed", "declined", "superseded"]
"""How a challenger ends that had passed the gate; `requests.ends` explains each."""
# What says which version is to serve.
MOVES = (Kind.PROMOTED, Kind.ROLLED_BACK, Kind.HEALED, Kind.CHAMPION_SET)


def promote(
    ledger: Ledger, version: Version, *, instead_of: str | None, by: Claim | None, last_word: Callable[[], object]
) -> bool:
    """Make it champion if the champion is still `instead_of`; the old one is `previous`. The reference comes along.

    False, and nothing moves, if another version serves by now. A promotion that broke off is finished.
    """
    with ledger.model_lock(version.model) as still:
        ledger.require(by)
        now = registry.aliased(version.model, CHAMPION)
        serves = now.number if now else None
        if serves not in {instead_of, version.number} or _was_rolled_back(ledger, version):
            return False
        if serves != version.number:
            still()
            if now is not None:
                registry.point(now, PREVIOUS)
                failpoints.reach("moved previous")
                still()
            registry.point(version, CHAMPION)
        failpoints.reach("moved champion")
        last_word()
    return True


def rollback(ledger: Ledger, model: str, now: datetime) -> tuple[Version, Version]:
    """Swap champion and previous; gives the version that left and the one that serves now."""
    with ledger.model_lock(model) as still:
        left, back = registry.champion(model), registry.aliased(model, PREVIOUS)
        if back is None or back.number == left.number:
            raise NothingToRollBack(model)
        registry.verify(back)
        proven(ledger, back)
        still()
        # `champion` first: whatever breaks off here, the alias of the old one still says where it is.
        registry.point(back, CHAMPION)
        registry.point(left, PREVIOUS)
        ledger.note(model, Kind.ROLLED_BACK, _moved(back, left.number), now, subject=back.number)
    return left, back


def await_approval(ledger: Ledger, version: Version, *, by: Claim | None, last_word: Callable[[], object]) -> None:
    """Let a proven challenger wait for a person under its own alias; one that waited before it has lost its turn."""
    with ledger.model_lock(version.model):
        ledger.require(by)
        before = registry.aliased(version.model, CHALLENGER)
        if before is not None and before.number != version.number:
            _decline(ledger, before, "superseded", f"version {version.number} was trained later and waits in its place")
        registry.point(version, CHALLENGER)
        last_word()


def waiting(ledger: Ledger, model: str) -> tuple[Version, Retrain] | None:
    """The challenger that waits for approval, with the result of its gate."""
    version = registry.aliased(model, CHALLENGER)
    asked = ledger.result(version.tags.get("driftloop.request_id", "")) if version else None
    return (version, asked) if version and asked and asked.code == Kind.AWAITING_APPROVAL else None


def approve(ledger: Ledger, model: str, number: str) -> tuple[str | None, Version]:
    """Let the waiting challenger take over; gives the version that left and the one that serves now."""
    version, asked = _waiting(ledger, model, number)
    registry.verify(version)
    proven(ledger, version)
    wanted = ledger.find_request(asked.request_id).champion
    code: Ended = "approved"
    done = changed(asked, promoted=True, code=code, reason=f"{asked.reason}. Approved by hand")
    if not promote(ledger, version, instead_of=wanted, by=None, last_word=lambda: ledger.close_request(done)):
        now = registry.aliased(model, CHAMPION)
        raise ChampionChanged(model, number, wanted, now.number if now else None)
    registry.unpoint(model, CHALLENGER)
    return wanted, version


def decline(ledger: Ledger, model: str, number: str, why: str) -> Version:
    """Send the waiting challenger away; the champion stays."""
    version, _ = _waiting(ledger, model, number)
    with ledger.model_lock(model):
        _decline(ledger, version, "declined", why)
        registry.unpoint(model, CHALLENGER)
    return version


def heal(ledger: Ledger, model: str, now: datetime) -> str | None:
    """Bring back a champion whose alias or version was deleted from outside; gives what to tell, None if all is well.

    Its own version comes back if it is there, else `previous`, else the newest one that ever served. A champion that
    was set by hand in MLflow is left in place and reported once; so is one of an exchanged registry or ledger.
    """
    with ledger.model_lock(model):
        served = ledger.events(model, kinds=MOVES)
        there = registry.aliased(model, CHAMPION)
        known = identities(ledger, model)
        if not served:
            return _of_a_lost_ledger(ledger, model, now, there, known)
        said, champion = _heal_champion(ledger, model, now, there, served, known)
        if champion is not None:
            _heal_previous(ledger, champion, served, known)
        return said


def lost(ledger: Ledger, model: str) -> str | None:
    """What to report where the ledger knows a champion and MLflow has none that could serve; None if all is well."""
    served = ledger.events(model, most=1, kinds=MOVES)
    if not served or registry.aliased(model, CHAMPION) is not None:
        return None
    return (
        f"the ledger knows version {served[0].payload['version']} as champion, and MLflow has neither that version nor "
        "an earlier one that could serve: its database was deleted, exchanged, or restored from an older backup"
    )


def would_bring_back(ledger: Ledger, model: str) -> str | None:
    """Return what a check would do first where the alias of a champion that the ledger knows is gone."""
    served = ledger.events(model, most=1, kinds=MOVES)
    if not served or registry.aliased(model, CHAMPION) is not None or not registry.versions(model):
        return None
    return (
        f"the alias 'champion' of {model} is missing in MLflow, and the ledger knows version "
        f"{served[0].payload['version']} as champion: a check would bring it, or an earlier one, back and judge the "
        "rows by it"
    )


def _of_a_lost_ledger(
    ledger: Ledger, model: str, now: datetime, there: Version | None, known: Identities
) -> str | None:
    """A champion that the ledger knows nothing of is left in place and reported once."""
    if there is None or known.known or "driftloop.request_id" not in there.tags:
        return None
    said = (
        f"version {there.number} serves in MLflow, and the ledger has no entry of it: the ledger is new, or was lost "
        "with the history of this model (restore it from a backup if there is one)"
    )
    ledger.note(model, Kind.CHAMPION_SET, {**_moved(there, None), "reason": said}, now, subject=there.number)
    return said


def _heal_champion(
    ledger: Ledger, model: str, now: datetime, there: Version | None, served: list[Event], known: Identities
) -> tuple[str | None, Version | None]:
    meant = str(served[0].payload["version"])
    if there is not None:
        if known.meant_by(served[0], there):
            return None, there
        said = f"version {there.number} was made champion by hand, in place of version {meant}"
        if there.number == meant:
            said = (
                f"version {meant} in MLflow is not the version {meant} that the ledger knows: MLflow's database was "
                "exchanged, or the model was deleted and trained again; it is taken as set by hand"
            )
        ledger.note(model, Kind.CHAMPION_SET, {**_moved(there, meant), "reason": said}, now)
        return said, there
    back = next(_loadable(ledger, model, served, known), None)
    if back is None:
        return None, None
    registry.point(back, CHAMPION)
    its_own = back.number == meant and known.meant_by(served[0], back)
    gone = "its alias was deleted" if its_own else f"version {meant} was deleted"
    said = f"the champion was gone ({gone} from outside): version {back.number} was brought back"
    ledger.note(model, Kind.HEALED, {**_moved(back, meant), "reason": said}, now, subject=back.number)
    return said, back


def _moved(version: Version, left: str | None) -> dict[str, str | None]:
    return {"version": version.number, "model_id": version.model_id, "left": left}


def _heal_previous(ledger: Ledger, champion: Version, served: list[Event], known: Identities) -> None:
    """A move that broke off between its two aliases leaves both on one version: the ledger knows who served before."""
    before = registry.aliased(champion.model, PREVIOUS)
    others = {str(event.payload["version"]) for event in served} - {champion.number}
    if others and (before is None or before.number == champion.number):
        loadable = _loadable(ledger, champion.model, served, known)
        back = next((one for one in loadable if one.number != champion.number), None)
        if back is not None:
            registry.point(back, PREVIOUS)


def proven(ledger: Ledger, version: Version) -> None:
    """Compare the version's seal with the ledger's own copy: who changes a file in MLflow may change its tag too."""
    kept = identities(ledger, version.model).of(version)
    if kept is not None and kept.sealed != version.tags.get("driftloop.manifest_sha256"):
        raise Tampered(f"{version.model} version {version.number}", registry.MANIFEST)


def _was_rolled_back(ledger: Ledger, version: Version) -> bool:
    """Whether a person has sent it away since: a training that is carried on later must not bring it back."""
    moves = ledger.events(version.model, kinds=(Kind.ROLLED_BACK,))
    known = identities(ledger, version.model)
    return any(known.meant_by(event, version, "left") for event in moves)


def _loadable(ledger: Ledger, model: str, served: list[Event], known: Identities) -> Iterator[Version]:
    """The versions that may come back: the one meant to serve, `previous`, then whatever served, newest first."""
    there = {version.number: version for version in registry.versions(model)}
    previous = registry.aliased(model, PREVIOUS)
    numbers = [str(event.payload["version"]) for event in served]
    line = [numbers[0], *([previous.number] if previous else []), *numbers[1:]]
    for number in dict.fromkeys(line):
        if number not in there:
            continue
        moves = [event for event in served if str(event.payload["version"]) == number]
        if moves and not any(known.meant_by(event, there[number]) for event in moves):
            # A version of that number served once, and this is another one, of a later registry.
            continue
        try:
            registry.verify(there[number])
            proven(ledger, there[number])
        except DriftloopError:
            continue
        yield there[number]


def _waiting(ledger: Ledger, model: str, number: str) -> tuple[Version, Retrain]:
    found = waiting(ledger, model)
    if found is None or found[0].number != number:
        raise NothingToApprove(model, number, found[0].number if found else None)
    return found


def _decline(ledger: Ledger, version: Version, code: Ended, why: str) -> None:
    asked = ledger.result(version.tags.get("driftloop.request_id", ""))
    if asked is not None and asked.code == Kind.AWAITING_APPROVAL:
        registry.tag(version, "driftloop.rejected", f"{code}: {why}")
        ledger.close_request(changed(asked, code=code, reason=f"{asked.reason}. But {code}: {why}"))
