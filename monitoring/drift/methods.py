"""Which methods may score a column, and how a score becomes a verdict. Computes no score itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import ColumnReference, ColumnScore, Kind

Direction = Literal["higher", "lower"]
NUMERIC: frozenset[Kind] = frozenset({"numeric"})
CATEGORICAL: frozenset[Kind] = frozenset({"categorical"})
BOTH = NUMERIC | CATEGORICAL
EVIDENTLY = "evidently:"


@dataclass(frozen=True)
class Method:
    """One way to score a column: "higher" is a distance, "lower" a p-value.

    One of ours compares profiles of all rows; its threshold is calibrated unless a number is given, and never lies
    below `floor`. One of Evidently's compares a sample of the rows; it has a `default_threshold` and a `worst` score,
    that of a column with values on one side only: the method's own extreme where there is one, ten reference standard
    deviations for the unbounded distances.
    """

    name: str
    kinds: frozenset[Kind]
    note: str
    floor: float = 0.0
    direction: Direction = "higher"
    default_threshold: float | None = None
    worst: float = math.inf

    @property
    def own(self) -> bool:
        return not self.name.startswith(EVIDENTLY)

    @property
    def none(self) -> float:
        """The score of two equal sides."""
        return 0.0 if self.direction == "higher" else 1.0


def _evidently(
    name: str, kinds: frozenset[Kind], direction: Direction, threshold: float, worst: float, note: str
) -> Method:
    return Method(EVIDENTLY + name, kinds, note, 0.0, direction, threshold, worst)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("wasserstein", NUMERIC, "how far the values moved, in interquartile ranges of the reference", 0.02),
        Method("ks", NUMERIC, "the largest gap between the two cumulative shares, 0 to 1", 0.01),
        Method("psi", BOTH, "population stability index; as a static number 0.1 is small, 0.2 large", 0.005),
        Method("jensenshannon", BOTH, "square root of the Jensen-Shannon divergence, 0 to 0.8326", 0.025),
        Method("hellinger", BOTH, "distance of the square roots of the shares, 0 to 1", 0.025),
        Method("chisquare", BOTH, "symmetric chi-square distance, 0 to 1; no p-value", 0.00125),
        Method("tvd", BOTH, "total variation: the share of rows that would have to move, 0 to 1", 0.01),
        _evidently("wasserstein", NUMERIC, "higher", 0.1, 10.0, "how far the values moved, in reference sd"),
        _evidently("ed", NUMERIC, "higher", 0.1, 10.0, "energy distance of the values in reference sd"),
        _evidently("psi", BOTH, "higher", 0.2, 18.42, "population stability index in Evidently's own bins"),
        _evidently("jensenshannon", BOTH, "higher", 0.1, 0.8326, "grows with few rows and many levels"),
        _evidently("kl_div", BOTH, "higher", 0.1, 9.21, "not symmetric: reference against current"),
        _evidently("hellinger", BOTH, "higher", 0.1, 1.0, "grows with few rows and many levels"),
        _evidently("ks", NUMERIC, "lower", 0.05, 0.0, "p-value: any difference is found if the rows are many"),
        _evidently("anderson", NUMERIC, "lower", 0.1, 0.0, "p-value: more weight on the tails; never below 0.001"),
        _evidently("t_test", NUMERIC, "lower", 0.05, 0.0, "p-value: sees a change of the mean only"),
        _evidently("chisquare", CATEGORICAL, "lower", 0.05, 0.0, "p-value of two samples"),
        _evidently("TVD", CATEGORICAL, "lower", 0.1, 0.0, "p-value of 1000 permutations, >= 0.001"),
    )
}
# What a column is also asked when its threshold is calibrated; none can be chosen as a method.
SHARES: dict[str, str] = {
    "missing_share": "how far the share of missing values moved",
    "unseen_share": "share of rows at a level the reference did not have, beyond what is usual",
    "level_share": "how far the share of the one level moved that stands out most",
    "off_value_share": "how far the share of rows moved that are off the one value that nearly all had",
}
DEFAULTS: dict[Kind, str] = {"numeric": "wasserstein", "categorical": "tvd"}

LEFT_OUT: dict[str, str] = {
    "mannw": "one-sided: it sees rises and not falls; use ks",
    "cramer_von_mises": "raises on twenty rows or fewer; use ks",
    "es": "raises when half of the values are equal; use ks",
    "empirical_mmd": "takes rows squared of memory; use evidently:ed",
    "z": "tests a single level against all others; use chisquare",
    "fisher_exact": "two levels and equal row counts only; use chisquare",
    "g_test": "raises unless both sides have equally many rows; use chisquare",
}


def verdict(column: ColumnReference, method: str, score: float, threshold: float) -> ColumnScore:
    """Bind a column's score to the threshold that it is judged by; a score that is no number raises `Unscored`.

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
    """How many times over its threshold a score is, so that columns of all methods can be put in one order.

    >>> known = {"name": "age", "role": "feature", "kind": "numeric", "drifted": True}
    >>> strain(ColumnScore(method="ks", score=0.4, threshold=0.1, **known))
    4.0
    >>> strain(ColumnScore(method="evidently:ks", score=0.05, threshold=0.1, **known))
    2.0
    """
    pair = (score.score, score.threshold)
    far, near = pair if direction(score.method) == "higher" else pair[::-1]
    return far / near if near > 0 else math.inf
