"""The champion's loss compared with its reference, as text; `Performance.standing` is the judgement."""

from __future__ import annotations

import math
from collections.abc import Iterable

from driftloop.monitoring.records import UNTRAINED, Check, Outcome, Performance, figure
from driftloop.monitoring.records.measures import LEAST_RISE

WORSE = "worse than the reference"
# Outcomes after which the measured champion no longer serves.
REPLACED = frozenset({Outcome.PROMOTED, Outcome.BOOTSTRAPPED, *UNTRAINED})


def remains_worse(check: Check) -> bool:
    """Return whether a check kept a champion whose loss is significantly worse than its reference loss."""
    return check.standing == "worse" and check.outcome not in REPLACED


def newest_of(champion: str | None, checks: Iterable[Check]) -> Check | None:
    """Return the newest check that measured a loss of this champion since it serves; `checks` are newest first.

    A check that ended in a promotion measured the champion before it, so a new champion has none; nor has a version
    that serves again after another one, until a check has measured it again.
    """
    for check in checks:
        if check.champion_after not in {None, champion}:
            return None
        if check.performance and check.champion == champion:
            return check
        if check.champion not in {None, champion}:
            return None
    return None


def format_loss(measured: Performance) -> str:
    """Return the loss, its distance to the reference loss, and whether the rise is significant.

    >>> from datetime import datetime
    >>> from driftloop.monitoring.records import Window
    >>> week = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    >>> fields = {"loss_name": "mae", "rows": 700, "window": week, "reference_loss": 4.0, "reference_rows": 700}
    >>> format_loss(Performance(loss=8.0, low=7.5, high=8.5, **fields))
    'mae 8 (95% CI 7.5 to 8.5) is significantly worse: 100.0% above the reference loss 4'
    >>> format_loss(Performance(loss=4.5, low=3.5, high=5.5, **fields))
    'mae 4.5 (95% CI 3.5 to 5.5) is 12.5% above the reference loss 4, not significantly'
    >>> format_loss(Performance(loss=3.0, low=2.5, high=3.5, **fields))
    'mae 3 (95% CI 2.5 to 3.5) is 25.0% below the reference loss 4'
    """
    interval = f"95% CI {figure(measured.low)} to {figure(measured.high)}"
    text = f"{measured.title} {figure(measured.loss)} ({interval}) is "
    side = "above" if measured.rise >= 0 else "below"
    distance = "" if math.isinf(measured.rise) else f"{abs(measured.rise):.1%} "
    comparison = f"{distance}{side} the reference loss {figure(measured.reference_loss)}"
    if measured.standing == "worse":
        return f"{text}significantly worse: {comparison}"
    if measured.standing == "unknown":
        return f"{text}{comparison}; too few labeled rows to judge"
    if measured.rise <= 0:
        return text + comparison
    return f"{text}{comparison}, {'not significantly' if measured.rise >= LEAST_RISE else 'a negligible rise'}"


def format_new_champion(champion: str, gate_loss: float, newest: Check | None) -> str:
    """Return the loss of a champion that no check has measured yet: the one at the gate.

    `newest` is the newest check that measured a loss: that of another version, or of this one before it was replaced.
    """
    measured = newest.performance if newest else None
    if newest and measured and newest.champion == champion:
        return (
            f"version {champion} serves again and is not measured since: {measured.title} {figure(measured.loss)} at "
            f"its last check before, {newest.now:%Y-%m-%d}"
        )
    name = f"{measured.title} " if measured else ""
    text = f"version {champion} at the gate: {name}{figure(gate_loss)}"
    return f"{text} (loss of version {newest.champion}: {figure(measured.loss)})" if newest and measured else text
