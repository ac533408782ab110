"""Methods that Evidently computes from a sample of the rows, and those that are not offered, with the reason."""

from __future__ import annotations

from driftloop.monitoring.drift.methods.base import BOTH, CATEGORICAL, EVIDENTLY, NUMERIC, Direction, EvidentlyMethod
from driftloop.monitoring.records import Kind


def _method(
    name: str, kinds: frozenset[Kind], direction: Direction, threshold: float, worst: float, meaning: str
) -> EvidentlyMethod:
    return EvidentlyMethod(
        name=EVIDENTLY + name,
        kinds=kinds,
        meaning=meaning,
        direction=direction,
        default_threshold=threshold,
        worst=worst,
    )


METHODS: tuple[EvidentlyMethod, ...] = (
    _method("wasserstein", NUMERIC, "higher", 0.1, 10.0, "how far the values moved, in reference sd"),
    _method("ed", NUMERIC, "higher", 0.1, 10.0, "energy distance of the values in reference sd"),
    _method("psi", BOTH, "higher", 0.2, 18.42, "population stability index in Evidently's own bins"),
    _method("jensenshannon", BOTH, "higher", 0.1, 0.8326, "grows with few rows and many levels"),
    _method("kl_div", BOTH, "higher", 0.1, 9.21, "not symmetric: reference against current"),
    _method("hellinger", BOTH, "higher", 0.1, 1.0, "grows with few rows and many levels"),
    _method("ks", NUMERIC, "lower", 0.05, 0.0, "p-value: any difference is found if the rows are many"),
    _method("anderson", NUMERIC, "lower", 0.1, 0.0, "p-value: more weight on the tails; never below 0.001"),
    _method("t_test", NUMERIC, "lower", 0.05, 0.0, "p-value: sees a change of the mean only"),
    _method("chisquare", CATEGORICAL, "lower", 0.05, 0.0, "p-value of two samples"),
    _method("TVD", CATEGORICAL, "lower", 0.1, 0.0, "p-value of 1000 permutations, >= 0.001"),
)

LEFT_OUT: dict[str, str] = {
    "mannw": "one-sided: it sees rises and not falls; use ks",
    "cramer_von_mises": "raises on twenty rows or fewer; use cvm",
    "es": "raises when half of the values are equal; use ks",
    "empirical_mmd": "takes rows squared of memory; use evidently:ed",
    "z": "tests a single level against all others; use chisquare",
    "fisher_exact": "two levels and equal row counts only; use chisquare",
    "g_test": "raises unless both sides have equally many rows; use chisquare",
}
