"""How a champion does compared with its reference, as text. The judgement itself is `Performance.standing`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from driftloop.monitoring.records import Check, Outcome, Performance
from driftloop.monitoring.records.measures import LEAST_RISE

WORSE = "worse than the reference"
# The champion that did worse does not serve any more.
REPLACED = frozenset({Outcome.PROMOTED, Outcome.BOOTSTRAPPED})


def remains_worse(check: Check) -> bool:
    """Return whether a check left a champion in place that does worse than its reference beyond chance."""
    return check.standing == "worse" and check.outcome not in REPLACED


def newest_of(champion: str | None, checks: Iterable[Check]) -> Check | None:
    """Return the newest check that measured a loss of this champion; `checks` are newest first.

    A check that ended in a promotion measured the champion before it, so a new champion has none.
    """
    return next((check for check in checks if check.performance and check.champion == champion), None)


def format_loss(seen: Performance) -> str:
    """Write the loss, its distance to the reference loss, and whether chance explains it.

    >>> from datetime import datetime
    >>> from driftloop.monitoring.records import Window
    >>> week = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    >>> known = {"loss_name": "mae", "rows": 700, "window": week, "reference_loss": 4.0, "reference_rows": 700}
    >>> format_loss(Performance(loss=8.0, low=7.5, high=8.5, **known))
    'mae 8 (95% interval 7.5 to 8.5) is 100.0% above the reference loss 4, beyond chance'
    >>> format_loss(Performance(loss=4.5, low=3.5, high=5.5, **known))
    'mae 4.5 (95% interval 3.5 to 5.5) is 12.5% above the reference loss 4, within chance'
    >>> format_loss(Performance(loss=3.0, low=2.5, high=3.5, **known))
    'mae 3 (95% interval 2.5 to 3.5) is 25.0% below the reference loss 4'
    """
    said = f"{seen.title} {seen.loss:.4g} (95% interval {seen.low:.4g} to {seen.high:.4g})"
    if math.isinf(seen.rise):
        said += f" is above the reference loss {seen.reference_loss:.4g}"
    else:
        side = "above" if seen.rise >= 0 else "below"
        said += f" is {abs(seen.rise):.1%} {side} the reference loss {seen.reference_loss:.4g}"
    if seen.standing == "worse":
        return f"{said}, beyond chance"
    if seen.standing == "unknown":
        return f"{said}; too few labelled rows to say more"
    if seen.rise <= 0:
        return said
    return f"{said}, within chance" if seen.rise >= LEAST_RISE else f"{said}, too little to matter"


def format_new_champion(champion: str, gate_loss: float, newest: Check | None) -> str:
    """Write what is known of the loss of a champion that no check has measured yet.

    `newest` is the newest check that measured a loss: that of another version.
    """
    seen = newest.performance if newest else None
    name = f"{seen.title} " if seen else ""
    said = f"version {champion} at the gate: {name}{gate_loss:.4g}"
    return f"{said} (loss of version {newest.champion}: {seen.loss:.4g})" if newest and seen else said
