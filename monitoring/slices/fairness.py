"""Rates of groups on labeled rows, the gap between the highest and the lowest, and whether chance explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses.performance import degrees, standard_error
from driftloop.monitoring.metrics import Pairs
from driftloop.monitoring.records import FairnessGap, Finding, FindingCode, GroupRate, changed
from driftloop.monitoring.rows.weights import averaged, effective_rows, scaled
from driftloop.monitoring.settings.fairness import Fairness
from driftloop.monitoring.slices.parts import Part, Slicing
from driftloop.monitoring.tasks import Task

Floats = NDArray[np.float64]

FAIRNESS_GAP = FindingCode(
    name="fairness_gap",
    severities=("warning",),
    meaning="a rate of two groups differs by significantly more than `fairness.max_gap`",
    cause="the model treats the groups differently, or one of them has changed",
    remedy="look at the rates of all groups; choose another decision threshold, weight the rows, or retrain: the gate "
    "rejects a challenger with such a gap",
)
GROUP_NOT_COMPARED = FindingCode(
    name="group_not_compared",
    severities=("info",),
    meaning="a group of `fairness.by` has too few labeled rows for a rate, so it is not compared",
    cause="a rare group, or a short window; for false_negative and false_positive only rows with that label count",
    remedy="lengthen the window (`windows.current`), combine values in a derived column, or lower `fairness.min_rows`",
)


def measure(
    fairness: Fairness, task: Task, slicing: Slicing, pairs: Pairs, order: NDArray[np.intp] | None
) -> tuple[FairnessGap, ...]:
    """Return each rate of the groups and its gap. `pairs` are labeled rows in order of time; their weights count.

    `slicing` has the groups of the same rows, and `order` their places by time, None if they were added in that order.
    """
    if not len(pairs):
        return ()
    rates = {rate: _values(rate, task, pairs, fairness.threshold) for rate in fairness.measured(task)}
    titles = {each.rule: each.title for each in slicing.slices}
    parts: dict[str, list[Part]] = {rule: [] for rule in titles}
    for part in slicing.parts(order):
        parts[part.rule].append(part)
    return tuple(
        _gap(
            titles[rule],
            rate,
            [_group(titles[rule], part, *values, pairs.weights, fairness) for part in own],
            fairness,
            task,
        )
        for rule, own in parts.items()
        for rate, values in rates.items()
    )


def decide(gaps: Iterable[FairnessGap], level: float) -> tuple[FairnessGap, ...]:
    """Return the gaps with `exceeded` where chance explains them with a probability of at most `level`."""
    return tuple(changed(each, exceeded=each.p_value is not None and each.p_value <= level) for each in gaps)


def findings(gaps: Sequence[FairnessGap]) -> tuple[Finding, ...]:
    """Report gaps that are significantly too large, and groups that could not be compared."""
    wide = [
        FAIRNESS_GAP.found(each.sentence(), observed=each.gap, limit=each.max_gap) for each in gaps if each.exceeded
    ]
    small = [
        GROUP_NOT_COMPARED.found(
            f"{each.rate} by {each.by}: "
            + "; ".join(f"{one.group}: {one.reason}" for one in each.uncompared[:8])
            + (f" and {len(each.uncompared) - 8:,} more" if len(each.uncompared) > 8 else ""),
            observed=float(len(each.uncompared)),
        )
        for each in gaps
        if each.uncompared
    ]
    return (*wide, *small)


def _values(rate: str, task: Task, pairs: Pairs, threshold: float | None) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the value of each row whose mean is the rate, and the rows that count, both of shape (n,)."""
    every = np.ones(len(pairs), dtype=bool)
    if task == "regression":
        off = pairs.score - pairs.target
        return (np.abs(off) if rate == "error" else off), every
    decided = pairs.decided if threshold is None else (pairs.score >= threshold).astype(np.int32)
    if rate == "error":
        return (decided != pairs.target).astype(np.float64), every
    chosen, positive = decided == 1, pairs.target == 1
    if rate == "selection":
        return chosen.astype(np.float64), every
    return (~chosen if rate == "false_negative" else chosen).astype(np.float64), (
        positive if rate == "false_negative" else ~positive
    )


def _group(
    title: str,
    part: Part,
    values: Floats,
    counted: NDArray[np.bool_],
    weights: Floats | None,
    fairness: Fairness,
) -> tuple[GroupRate, float, float]:
    """Return the rate of a group, its standard error, and the rows of equal weight that it is worth.

    Under weights the standard error is that of a ratio of two sums, by linearization (Cochran 1977, 6.3).
    """
    places = part.places[counted[part.places]]
    own, by = values[places], None if weights is None else scaled(weights[places])
    worth = float(len(own)) if by is None else effective_rows(by)
    found = GroupRate(group=part.name, rows=len(own))
    if part.name == f"{title} missing":
        return changed(found, reason=f"{len(own):,} rows without a value, which are no group"), math.inf, worth
    if part.merged:
        return changed(found, reason=f"{part.merged:,} rare values together, which are no group"), math.inf, worth
    if worth < fairness.min_rows:
        weighed = "" if by is None else f" worth {worth:,.0f} of equal weight"
        reason = f"{len(own):,} rows{weighed}, at least {fairness.min_rows:,} needed (fairness.min_rows)"
        return changed(found, reason=reason), math.inf, worth
    mean = averaged(own, by)
    if not math.isfinite(mean):
        return changed(found, reason="the predictions are not all finite"), math.inf, worth
    error = standard_error(own if by is None else mean + by * (own - mean))
    if set(np.unique(own).tolist()) <= {0.0, 1.0}:
        # A share of 0 or 1 has a spread too: that of a share with one more row of each kind (Agresti and Coull 1998).
        share = (mean * worth + 1) / (worth + 2)
        error = max(error, math.sqrt(share * (1 - share) / (worth + 2)))
    return changed(found, value=mean), error, worth


def _gap(
    by: str, rate: str, groups: Sequence[tuple[GroupRate, float, float]], fairness: Fairness, task: Task
) -> FairnessGap:
    """Return the rates with intervals and the gap between the highest and the lowest.

    The p value is that of Student's t for the pair of groups that is furthest beyond the limit, for all ordered pairs.
    """
    from scipy.stats import t

    limits = (0.0, 1.0) if task != "regression" else ((0.0, math.inf) if rate == "error" else (-math.inf, math.inf))
    shown, known = [], []
    for group, error, worth in groups:
        if group.value is None:
            shown.append(group)
            continue
        half = float(t.ppf(0.975, degrees(int(worth)))) * error
        low, high = max(group.value - half, limits[0]), min(group.value + half, limits[1])
        shown.append(changed(group, low=low, high=high))
        known.append((group, group.value, error, int(worth)))
    result = FairnessGap(by=by, rate=rate, groups=tuple(shown), max_gap=fairness.max_gap)
    if len(known) < 2:
        count = "one group has" if len(known) == 1 else "no group has"
        return changed(result, reason=f"{count} enough labeled rows, two are needed")
    highest, lowest = max(known, key=lambda one: one[1]), min(known, key=lambda one: one[1])
    gap, both = highest[1] - lowest[1], math.hypot(highest[2], lowest[2])
    half = float(t.ppf(0.975, min(degrees(highest[3]), degrees(lowest[3])))) * both
    update = {
        "gap": gap,
        "low": max(gap - half, 0.0),
        "high": min(gap + half, limits[1] - max(limits[0], 0.0)),
        "highest": highest[0].group,
        "lowest": lowest[0].group,
    }
    if fairness.max_gap is not None:
        pairs = list(permutations(known, 2))
        chances = [
            _chance(one[1] - other[1] - fairness.max_gap, math.hypot(one[2], other[2]), one[3], other[3])
            for one, other in pairs
        ]
        update["p_value"] = min(1.0, min(chances) * len(pairs))
    return changed(result, **update)


def _chance(excess: float, error: float, rows: int, others: int) -> float:
    from scipy.stats import t

    if error == 0:
        return 0.0 if excess > 0 else 1.0
    return float(t.sf(excess / error, min(degrees(rows), degrees(others))))
