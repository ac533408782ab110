"""The drifted columns that matter most: by distance over limit and by importance to the champion. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.records import ColumnScore, Moved, MovedColumn

MOST = 3
# A score far beyond its limit counts as this multiple, so that an infinite one does not outweigh every importance.
FAR = 100.0


def most_moved(
    scores: Sequence[ColumnScore], importance: Mapping[str, float] | None, *, triggers: bool
) -> Moved | None:
    """Return the three drifted columns with the highest score over limit times importance; None if none drifted.

    Features come before prediction and target, which have no importance. Without any importance the order is that of
    the scores. `triggers`: whether a trigger of the config reads drift.
    """
    weights = {name: max(weight, 0.0) for name, weight in (importance or {}).items()}
    total = sum(weights.values())
    moved = []
    for score in (score for score in scores if score.drifted):
        ratio, share = strain(score), None
        if total and score.role == "feature":
            share = weights.get(score.name, 0.0) / total
        rank = (score.role == "feature", min(ratio, FAR) * (1.0 if share is None else share), ratio)
        moved.append((rank, MovedColumn(name=score.name, ratio=ratio, importance=share)))
    if not moved:
        return None
    ordered = sorted(moved, key=lambda each: each[0], reverse=True)
    return Moved(columns=tuple(column for _, column in ordered[:MOST]), weighted=total > 0, triggers=triggers)
