"""Choice between a recalibration of the champion and a retrain, by their prices. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from driftloop.monitoring.policies.base import Cost, Policy
from driftloop.monitoring.records import Causes, Decision, Record, Signals

HORIZON = 6
"""Number of batches in which a cost must pay for itself, for a policy without a `horizon`."""


class Prices(Record):
    """Costs of a recalibration and of a retrain, as fractions of one batch's loss, to be repaid within `horizon`."""

    recalibrate: float
    retrain: float
    horizon: int = HORIZON


class Plan(Record):
    """A recalibration to try: it must lower the loss per row by `least`; if not, a retrain follows where `trains`."""

    least: float
    trains: bool


def prices(policies: Iterable[Policy]) -> Prices | None:
    """Return the prices of the first policy that has a price of a recalibration, at any depth; None without one."""
    for policy in policies:
        cost = getattr(policy, "cost", None)
        if isinstance(cost, Cost) and cost.recalibrate is not None:
            horizon = getattr(policy, "horizon", HORIZON)
            return Prices(recalibrate=cost.recalibrate, retrain=cost.retrain, horizon=horizon)
        if (found := prices(policy.members)) is not None:
            return found
    return None


def plan(given: Prices | None, decision: Decision, signals: Signals, causes: Causes | None) -> Plan | None:
    """Return the recalibration that a check should try; None without a price, or where none is due.

    It is due before each retrain, and where the causes of a rise recommend it and its measured gain pays. A guard that
    vetoes a retrain forbids it too.
    """
    unit = _unit(signals)
    if given is None or unit is None:
        return None
    own = given.recalibrate * unit / given.horizon
    if decision.action == "retrain":
        return Plan(least=least_gain(given, unit, retrain_gain(signals)), trains=True)
    advice = causes.advice if causes is not None else None
    recommended = advice is not None and advice.action == "recalibrate" and advice.number >= own
    allowed = decision.action == "wait" and not decision.held
    return Plan(least=own, trains=False) if recommended and allowed else None


def least_gain(given: Prices, unit: float, retrain: float) -> float:
    """Return the least gain per row with which a recalibration is worth as much as a retrain, `unit` a batch's loss.

    Within the horizon it must repay its own cost. What a retrain would gain more (`retrain` is its gain per row) must
    not exceed what the retrain costs more.

    >>> least_gain(Prices(recalibrate=0.01, retrain=0.2, horizon=5), 10.0, 3.0).__round__(6)
    2.62
    >>> least_gain(Prices(recalibrate=0.01, retrain=0.2, horizon=5), 10.0, 0.1).__round__(6)
    0.02
    """
    own, saved = given.recalibrate * unit / given.horizon, (given.retrain - given.recalibrate) * unit / given.horizon
    return max(own, retrain - saved)


def retrain_gain(signals: Signals) -> float:
    """Return the gain per row of a retrain now: measured by a probe, otherwise at most the rise of the loss."""
    if signals.probe is not None:
        return signals.probe.gap
    measured = signals.performance
    return max(0.0, measured.loss - measured.reference_loss) if measured is not None else 0.0


def _unit(signals: Signals) -> float | None:
    """Return one batch's loss, as the policies count it; None without a finite loss above 0."""
    measured = signals.performance
    if measured is None or not math.isfinite(measured.loss) or not math.isfinite(measured.reference_loss):
        return None
    learned = signals.learned.batch_loss if signals.learned else 0.0
    return next((loss for loss in (learned, measured.reference_loss, measured.loss) if loss > 0), None)
