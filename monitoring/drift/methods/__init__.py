"""Drift methods, one per file, and how a score becomes a verdict.

To add a method: a file with a `METHOD` and its module in `METHODS`. A config reads this table, so no file imports numpy
before it computes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods import (
    chisquare,
    cvm,
    evidently,
    hellinger,
    jensenshannon,
    ks,
    psi,
    tvd,
    wasserstein,
)
from driftloop.monitoring.drift.methods.base import EVIDENTLY, Direction, Method, ProfileMethod
from driftloop.monitoring.drift.methods.evidently import LEFT_OUT
from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import ColumnReference, ColumnScore, Kind

if TYPE_CHECKING:
    from driftloop.monitoring.profiles import Profile

__all__ = [
    "DEFAULTS", "EVIDENTLY", "LEFT_OUT", "METHODS", "SHARES", "Direction", "Method", "ProfileMethod", "direction",
    "distance", "in_order", "profile_method", "strain", "verdict",
]  # fmt: skip

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        wasserstein.METHOD,
        ks.METHOD,
        cvm.METHOD,
        psi.METHOD,
        jensenshannon.METHOD,
        hellinger.METHOD,
        chisquare.METHOD,
        tvd.METHOD,
        *evidently.METHODS,
    )
}
# What a column is also asked when its threshold is calibrated; none can be chosen as a method.
SHARES: dict[str, str] = {
    "missing_share": "how far the share of missing values moved",
    "unseen_share": "share of rows at a level the reference did not have, beyond what is usual",
    "level_share": "largest change of the share of a single level, relative to chance",
    "off_value_share": "how far the share of rows moved that are off the one value that nearly all had",
}
DEFAULTS: dict[Kind, str] = {"numeric": "wasserstein", "categorical": "tvd"}


def profile_method(name: str) -> ProfileMethod:
    """Return a method that is computed from profiles; one of Evidently's is a mistake of the caller."""
    method = METHODS[name]
    if not isinstance(method, ProfileMethod):
        raise TypeError(f"{name} is not computed from profiles")
    return method


def distance(method: str, old: Profile, new: Profile, max_levels: int = 50) -> float:
    """Score how far `new` is from `old`, the reference, whose cells both are counted in.

    Missing and infinite values are ignored. For K-S it is below all others; for Wasserstein three interquartile
    ranges from all of them; for the rest it is a cell of its own, as a level is that the reference does not have.

    >>> import pandas as pd
    >>> from driftloop.monitoring.profiles import first, like
    >>> plans = first(pd.DataFrame({"plan": ["a"] * 8 + ["b"] * 2}), {"plan": "categorical"})
    >>> moved = like(plans, pd.DataFrame({"plan": ["a"] * 6 + ["b"] * 4}))
    >>> round(distance("tvd", plans["plan"], moved["plan"]), 6)
    0.2
    """
    return profile_method(method).score(old, new, max_levels)


def verdict(column: ColumnReference, method: str, score: float, threshold: float) -> ColumnScore:
    """Bind a column's score to the threshold that it is judged by; a score that is not a number raises `Unscored`.

    A distance at its threshold is drift, a p-value at its threshold is not.

    >>> age = ColumnReference(name="age", role="feature", kind="numeric", null_share=0, distinct=9, method="ks")
    >>> verdict(age, "ks", 0.05, 0.05).drifted, verdict(age, "evidently:ks", 0.05, 0.05).drifted
    (True, False)
    """
    if not math.isfinite(score):
        raise Unscored([column.name])
    return ColumnScore(
        name=column.name,
        role=column.role,
        kind=column.kind,
        method=method,
        score=score,
        threshold=threshold,
        drifted=score >= threshold if direction(method) == "higher" else score < threshold,
    )


def in_order(columns: Iterable[ColumnReference], scores: Iterable[ColumnScore]) -> tuple[ColumnScore, ...]:
    """One score for every column, in the order of the columns; a column without one raises `Unscored`."""
    by_name = {score.name: score for score in scores}
    names = [column.name for column in columns]
    lost = [name for name in names if name not in by_name]
    if lost:
        raise Unscored(lost)
    return tuple(by_name[name] for name in names)


def direction(method: str) -> Direction:
    """Which way a method points; what is no method of the table is a share, and those are distances.

    >>> direction("evidently:ks"), direction("ks"), direction("missing_share")
    ('lower', 'higher', 'higher')
    """
    return METHODS[method].direction if method in METHODS else "higher"


def strain(score: ColumnScore) -> float:
    """How many times over its threshold a score is, whichever way its method points; what drifted has at least 1.

    It puts columns of all methods in one order. NaN if the score could not be computed.

    >>> known = {"name": "age", "role": "feature", "kind": "numeric", "drifted": True}
    >>> strain(ColumnScore(method="ks", score=0.4, threshold=0.1, **known))
    4.0
    >>> strain(ColumnScore(method="evidently:ks", score=0.05, threshold=0.1, **known))
    2.0
    """
    if math.isnan(score.score) or math.isnan(score.threshold):
        return math.nan
    if direction(score.method) == "lower":
        return score.threshold / score.score if score.score > 0 else math.inf
    if score.threshold > 0:
        return score.score / score.threshold
    return math.inf if score.score > 0 else 0.0
