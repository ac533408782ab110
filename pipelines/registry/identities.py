"""Identity of each version in the ledger: number and stored model. In a new registry numbers begin at 1 again."""

from __future__ import annotations

from dataclasses import dataclass

from driftloop.monitoring.ledger import Event, Kind, Ledger
from driftloop.pipelines.registry import Version


@dataclass(frozen=True)
class Known:
    """One version as the ledger saw it. `at` is the number of the event, `sealed` the sha256 of its manifest."""

    at: int
    number: str
    model_id: str | None
    request_id: str | None
    sealed: str | None

    def is_of(self, version: Version) -> bool:
        """Whether it is that version. An old entry may name no model: its request decides."""
        if self.number != version.number:
            return False
        if self.model_id is not None:
            return self.model_id == version.model_id
        return self.request_id in {None, version.tags.get("driftloop.request_id", self.request_id)}


@dataclass(frozen=True)
class Identities:
    """All versions of a model that the ledger saw, newest first."""

    known: tuple[Known, ...]

    def of(self, version: Version) -> Known | None:
        """The ledger's entry of a version; None where it never saw it registered."""
        return next((one for one in self.known if one.sealed is not None and one.is_of(version)), None)

    def meant_by(self, event: Event, version: Version, key: str = "version") -> bool:
        """Whether an event about a version number is about this very version, and not an older one of that number."""
        number = str(event.payload[key])
        if number != version.number:
            return False
        model_id = event.payload.get("model_id") if key == "version" else None
        if model_id is not None:
            return bool(model_id == version.model_id)
        then = next((one for one in self.known if one.number == number and one.at < event.number), None)
        return then is None or then.is_of(version)

    def name(self, number: str) -> str:
        """A name for the newest version of a number: the number itself unless an older registry had one as well."""
        models = list(dict.fromkeys(one.model_id for one in self.known if one.number == number))
        return number if len(models) < 2 else f"{number} {models[0]}"


def identities(ledger: Ledger, model: str) -> Identities:
    """What the ledger knows of a model's versions."""
    events = ledger.events(model, kinds=(Kind.REGISTERED, Kind.CHAMPION_SET))
    return Identities(tuple(_known(ledger, event) for event in events))


def _known(ledger: Ledger, event: Event) -> Known:
    payload = event.payload
    request_id, model_id = payload.get("request_id"), payload.get("model_id")
    if model_id is None and request_id is not None:
        # Written by an older driftloop: the request has kept which model it stored.
        progress = ledger.progress(request_id)
        model_id = progress.model_id if progress else None
    sealed = payload.get("sealed") if event.kind == Kind.REGISTERED else None
    return Known(event.number, str(payload["version"]), model_id, request_id, sealed)
