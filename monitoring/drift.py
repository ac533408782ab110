"""Which of Evidently's tests may score a column, and how a score becomes a verdict. Computes no score itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitoring.errors import Unscored
from monitoring.records import ColumnReference, ColumnScore, Kind

Direction = Literal["higher", "lower"]
NUMERIC: frozenset[Kind] = frozenset({"numeric"})
CATEGORICAL: frozenset[Kind] = frozenset({"categorical"})


@dataclass(frozen=True)
class Method:
    """One way to score a column. "higher" is a distance, "lower" a p-value.

    `worst` is what a column scores that has values on one side only. It is the method's own extreme where there is
    one: that of two disjoint constants for `psi`, `kl_div` and `jensenshannon`, ten reference standard deviations for
    the unbounded distances.
    """

    name: str
    kinds: frozenset[Kind]
    direction: Direction
    default_threshold: float
    worst: float
    note: str

    @property
    def none(self) -> float:
        """The score of two equal sides."""
        return 0.0 if self.direction == "higher" else 1.0


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("wasserstein", NUMERIC, "higher", 0.1, 10.0, "how far the values moved, in reference sd"),
        Method("ed", NUMERIC, "higher", 0.1, 10.0, "energy distance of the values in reference sd"),
        Method("psi", NUMERIC | CATEGORICAL, "higher", 0.2, 18.42, "population stability index; 0.1 small, 0.2 large"),
        Method("jensenshannon", NUMERIC | CATEGORICAL, "higher", 0.1, 0.8326, "grows with few rows and many levels"),
        Method("kl_div", NUMERIC | CATEGORICAL, "higher", 0.1, 9.21, "not symmetric: reference against current"),
        Method("hellinger", NUMERIC | CATEGORICAL, "higher", 0.1, 1.0, "grows with few rows and many levels"),
        Method("ks", NUMERIC, "lower", 0.05, 0.0, "p-value: any difference is found if the rows are many"),
        Method("anderson", NUMERIC, "lower", 0.1, 0.0, "p-value: as ks, more weight on the tails; never below 0.001"),
        Method("t_test", NUMERIC, "lower", 0.05, 0.0, "p-value: sees a change of the mean only"),
        Method("chisquare", CATEGORICAL, "lower", 0.05, 0.0, "p-value of two samples: the reference is a sample too"),
        Method("TVD", CATEGORICAL, "lower", 0.1, 0.0, "p-value of 1000 permutations; right for rare levels, >= 0.001"),
    )
}

LEFT_OUT: dict[str, str] = {
    "mannw": "one-sided: it sees rises and not falls; use ks",
    "cramer_von_mises": "raises on twenty rows or fewer; use ks",
    "es": "raises when half of the values are equal; use ks",
    "empirical_mmd": "takes rows squared of memory; use ed",
    "z": "tests a single level against all others; use chisquare",
    "fisher_exact": "two levels and equal row counts only; use chisquare",
    "g_test": "raises unless both sides have equally many rows; use chisquare",
}


def score(columns: Sequence[ColumnReference], scores: Mapping[str, float]) -> tuple[ColumnScore, ...]:
    """Bind every column's score to its threshold; a column without a finite score raises `Unscored`.

    >>> age = ColumnReference(name="age", role="feature", kind="numeric", null_share=0, distinct=9, method="ks",
    ...                       threshold=0.05, direction="lower")
    >>> score([age], {"age": 0.05})[0].drifted, score([age], {"age": 0.04})[0].drifted
    (False, True)
    """
    lost = [column.name for column in columns if not math.isfinite(scores.get(column.name, math.nan))]
    if lost:
        raise Unscored(lost)
    return tuple(
        ColumnScore(
            name=column.name,
            role=column.role,
            kind=column.kind,
            method=column.method,
            score=scores[column.name],
            threshold=column.threshold,
            drifted=column.drifted(scores[column.name]),
        )
        for column in columns
    )


def strain(score: float, threshold: float, direction: Direction) -> float:
    """How many times over its threshold a score is, so that columns of all methods can be put in one order.

    >>> strain(0.4, 0.1, "higher"), strain(0.05, 0.1, "lower"), strain(0.0, 0.1, "lower")
    (4.0, 2.0, inf)
    """
    far, near = (score, threshold) if direction == "higher" else (threshold, score)
    return far / near if near > 0 else math.inf
