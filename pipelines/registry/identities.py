"""Identity of each version in the ledger: number and stored model. In a new registry numbers begin at 1 again."""

from __future__ import annotations

from dataclasses import dataclass

from driftloop.monitoring.ledger import Event, Kind, Ledger
from driftloop.pipelines.registry import Version


@dataclass(frozen=True)
class LedgerVersion:
    """One version as recorded in the ledger. `at` is the event's number, `sealed` the sha256 of the manifest."""

    at: int
    number: str
    model_id: str | None
    request_id: str | None
    sealed: str | None

    def is_of(self, version: Version) -> bool:
        """Return whether it is that version. An old entry may have no model id: then its request decides."""
        if self.number != version.number:
            return False
        if self.model_id is not None:
            return self.model_id == version.model_id
        return self.request_id in {None, version.tags.get("driftloop.request_id", self.request_id)}


@dataclass(frozen=True)
class Identities:
    """All versions of a model in the ledger, newest first."""

    entries: tuple[LedgerVersion, ...]

    def of(self, version: Version) -> LedgerVersion | None:
        """Return the ledger's entry of a version; None if its registration is not recorded."""
        return next((entry for entry in self.entries if entry.sealed is not None and entry.is_of(version)), None)

    def is_about(self, event: Event, version: Version, key: str = "version") -> bool:
        """Return whether an event about a version number is about this version, not an older one of that number."""
        number = str(event.payload[key])
        if number != version.number:
            return False
        model_id = event.payload.get("model_id") if key == "version" else None
        if model_id is not None:
            return bool(model_id == version.model_id)
        entry = next((one for one in self.entries if one.number == number and one.at < event.number), None)
        return entry is None or entry.is_of(version)

    def name(self, number: str) -> str:
        """Return a name for the newest version of a number: the number, unless an older registry had it as well."""
        models = list(dict.fromkeys(entry.model_id for entry in self.entries if entry.number == number))
        return number if len(models) < 2 else f"{number} {models[0]}"


def identities(ledger: Ledger, model: str) -> Identities:
    """Read the ledger's entries of a model's versions."""
    events = ledger.events(model, kinds=(Kind.REGISTERED, Kind.CHAMPION_SET))
    return Identities(tuple(_entry(ledger, event) for event in events))


def _entry(ledger: Ledger, event: Event) -> LedgerVersion:
    payload = event.payload
    request_id, model_id = payload.get("request_id"), payload.get("model_id")
    if model_id is None and request_id is not None:
        # Written by an older driftloop: the request has kept which model it stored.
        progress = ledger.progress(request_id)
        model_id = progress.model_id if progress else None
    sealed = payload.get("sealed") if event.kind == Kind.REGISTERED else None
    return LedgerVersion(event.number, str(payload["version"]), model_id, request_id, sealed)
