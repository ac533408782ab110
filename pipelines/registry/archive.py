"""Archived models of a model, which could serve: former champions, then models of the history. Loads nothing."""

from __future__ import annotations

from driftloop.monitoring.ledger import Event, Kind, Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.registry import Version
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.registry.promotion import MOVES, was_rolled_back


def archived(ledger: Ledger, champion: Version, most: int) -> tuple[Version, ...]:
    """Return at most this many models to compare with the champion: former champions, then models of the history.

    The history's are those that `driftloop backtest --keep-models` stored, in the order of their rank. None that a user
    rolled back from or declined is among them.
    """
    former = former_champions(ledger, champion, most)
    known = {champion.model_id, *(version.model_id for version in former)}
    history = [one for one in history_models(ledger, champion.model) if one.model_id not in known] if most else []
    return (*former, *history[: most - len(former)])


def history_models(ledger: Ledger, model: str) -> tuple[Version, ...]:
    """Return the models of the history that are kept for the archive, the first rank first; none that was refused."""
    ranked = [version for version in registry.versions(model) if version.history_rank is not None]
    if not ranked:
        return ()
    known = identities(ledger, model)
    usable = (one for one in ranked if known.of(one) is not None and not refused(ledger, one))
    return tuple(sorted(usable, key=lambda version: version.history_rank or 0))


def former_champions(ledger: Ledger, champion: Version, most: int) -> tuple[Version, ...]:
    """Return at most this many other models that have served, the newest service first.

    A version that a user rolled back from, or declined, is not among them: the archive never brings it back.
    """
    served = ledger.events(champion.model, kinds=MOVES) if most else []
    there = {version.number: version for version in registry.versions(champion.model)} if served else {}
    known = identities(ledger, champion.model)
    result: dict[str, Version] = {}
    for event in served:
        version = there.get(str(event.payload["version"]))
        if version is None or version.model_id in {champion.model_id, *result} or not known.is_about(event, version):
            continue
        if refused(ledger, version):
            continue
        result[version.model_id] = version
        if len(result) == most:
            break
    return tuple(result.values())


def refused(ledger: Ledger, version: Version) -> bool:
    """Return whether a user rolled back from a version, or declined it: it never serves again automatically."""
    declined = version.tags.get("driftloop.rejected", "").startswith("declined")
    return declined or was_rolled_back(ledger, version)


def newest_move(ledger: Ledger, model: str) -> Event | None:
    """Return the newest event that chose the champion; a repair of its alias chose nothing."""
    moves = ledger.events(model, kinds=MOVES)
    for event, before in zip(moves, [*moves[1:], None], strict=False):
        same = before is not None and before.payload["version"] == event.payload["version"]
        if event.kind != Kind.HEALED or not same:
            return event
    return None


def chosen_by_user(ledger: Ledger, model: str, *, approvals: bool) -> str | None:
    """Return how a user chose the champion; None if driftloop did. `approvals`: an approval counts as such a choice."""
    newest = ledger.events(model, most=1, kinds=MOVES)
    if not newest:
        return None
    version, code = newest[0].payload["version"], newest[0].payload.get("code")
    if newest[0].kind == Kind.ROLLED_BACK and code is None:
        return f"a user rolled back to version {version}"
    if newest[0].kind == Kind.CHAMPION_SET:
        return f"a user set version {version} in MLflow"
    if code == "adopted":
        return f"a user adopted version {version}"
    return f"a user approved version {version}" if code == "approved" and approvals else None
