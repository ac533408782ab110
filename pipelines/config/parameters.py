"""Values of estimator parameters in a config: which ones can be stored, and which ranges can be drawn from."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator

from driftloop.monitoring.errors import ValidationProblem
from driftloop.pipelines.config.refusal import shown

# Within it whole numbers and their spans fit into 64 bits, and floats keep their whole part.
FARTHEST = 1e15
DEEPEST = 32
ROUNDS = 100_000
# Rounds, trees and threads of a fit: beyond it a fit takes days on a few thousand rows.
MOST = {
    **dict.fromkeys(("n_estimators", "num_boost_round", "max_iter", "n_iter", "max_fun", "max_trials"), ROUNDS),
    **dict.fromkeys(("early_stopping_rounds", "n_iter_no_change"), ROUNDS),
    **dict.fromkeys(("num_parallel_tree", "n_init", "n_alphas", "cv"), 1_000),
    **dict.fromkeys(("n_jobs", "nthread"), 1_024),
    "hidden_layer_sizes": 10_000,
}


def storable(value: Any, depth: int = 0) -> Any:
    """Refuse what JSON cannot hold: Prefect and MLflow store parameters as JSON.

    >>> storable({"class_weight": {0: 1.0, 1: 5.0}, "deep": [1, None, True]})
    {'class_weight': {0: 1.0, 1: 5.0}, 'deep': [1, None, True]}
    """
    if depth > DEEPEST:
        raise ValidationProblem(f"values nested at most {DEEPEST} deep", found="a value that is nested deeper")
    if isinstance(value, dict):
        for key, inner in value.items():
            storable(key, DEEPEST)
            storable(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            storable(inner, depth + 1)
    elif isinstance(value, int) and abs(value) > 2**63:
        raise ValidationProblem("a whole number of at most 64 bits", found=shown(value))
    elif value is not None and not isinstance(value, str | int | float):
        remedy = "put it in quotes if it is text"
        raise ValidationProblem(
            "text, a number, true, false, null, a list or keys with values", found=shown(value), remedy=remedy
        )
    return value


def drawable(values: list[Any]) -> list[Any]:
    """Refuse a range that nothing can be drawn from.

    >>> drawable([2, 8]), drawable(["a", "b"])
    ([2, 8], ['a', 'b'])
    """
    if len(values) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in values):
        beyond = [end for end in values if not (math.isfinite(end) and abs(end) <= FARTHEST)]
        if beyond:
            raise ValidationProblem(
                f"the ends of a range, from -{FARTHEST:g} to {FARTHEST:g}", found=f"{shown(beyond[0])} as an end"
            )
    return values


def refuse_endless(key: str, name: str, value: Any) -> None:
    """Refuse a parameter of a built-in estimator with which a fit would not end, or not fit into memory.

    `name` may be that of an inner estimator (`model__max_iter`); of a list each number counts.
    """
    most = MOST.get(name.rpartition("__")[2])
    if most is None:
        return
    for number in value if isinstance(value, list | tuple) else [value]:
        if isinstance(number, int | float) and not number <= most:
            raise ValidationProblem(
                f"at most {most:,}",
                key=key,
                found=shown(number),
                remedy="lower it, or leave it out: boosted trees then stop early" if most == ROUNDS else "lower it",
            )


Parameter = Annotated[Any, AfterValidator(storable)]
Drawn = Annotated[list[Parameter], AfterValidator(drawable)]
