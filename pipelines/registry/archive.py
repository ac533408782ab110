"""Former champions of a model that could serve again, and how a user chose the present one. Loads nothing."""

from __future__ import annotations

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.registry import Version
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.registry.promotion import MOVES


def former_champions(ledger: Ledger, champion: Version, most: int) -> tuple[Version, ...]:
    """Return at most this many other models that have served, the newest service first.

    A version that a user rolled back from, or declined, is not among them: the archive never brings it back.
    """
    served = ledger.events(champion.model, kinds=MOVES) if most else []
    there = {version.number: version for version in registry.versions(champion.model)} if served else {}
    known = identities(ledger, champion.model)
    left = [event for event in served if event.kind == Kind.ROLLED_BACK]
    result: dict[str, Version] = {}
    for event in served:
        version = there.get(str(event.payload["version"]))
        if version is None or version.model_id in {champion.model_id, *result} or not known.is_about(event, version):
            continue
        refused = version.tags.get("driftloop.rejected", "").startswith("declined")
        if refused or any(known.is_about(rollback, version, "left") for rollback in left):
            continue
        result[version.model_id] = version
        if len(result) == most:
            break
    return tuple(result.values())


def chosen_by_user(ledger: Ledger, model: str, *, approvals: bool) -> str | None:
    """Return how a user chose the champion; None if driftloop did. `approvals`: an approval counts as such a choice."""
    newest = ledger.events(model, most=1, kinds=MOVES)
    if not newest:
        return None
    version, code = newest[0].payload["version"], newest[0].payload.get("code")
    if newest[0].kind == Kind.ROLLED_BACK:
        return f"a user rolled back to version {version}"
    if newest[0].kind == Kind.CHAMPION_SET:
        return f"a user set version {version} in MLflow"
    if code == "adopted":
        return f"a user adopted version {version}"
    return f"a user approved version {version}" if code == "approved" and approvals else None
