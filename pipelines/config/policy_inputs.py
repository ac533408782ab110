"""Refusal of policies that read what the rest of a config does not give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftloop.monitoring.drift.methods import direction
from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.policies import EnoughLabels, Policy


def refuse_class_counts(guards: Sequence[Policy], of_gate: int | None, task: str) -> None:
    """Raise `ValidationProblem` if rows of each class are to be counted and the task has no classes."""
    keys = [
        f"policies.guards[{place}].min_per_class"
        for place, guard in enumerate(guards)
        if isinstance(guard, EnoughLabels) and guard.min_per_class is not None
    ]
    if of_gate is not None:
        keys.append("gate.min_per_class")
    if keys:
        raise ValidationProblem(
            "classes to count rows of: task binary or multiclass",
            key=keys[0],
            found=f"task {task}",
            remedy="remove it; min_labels and gate.min_rows count all rows",
        )


def refuse_p_values(triggers: Sequence[Policy], methods: Mapping[str, str]) -> None:
    """Raise `ValidationProblem` if a trigger averages scores of features and one of them is a p-value.

    `methods` are the drift methods by feature. A p-value falls with drift, so the mean would mean nothing.
    """
    lower = {name: method for name, method in methods.items() if direction(method) == "lower"}
    for place, trigger in enumerate(triggers):
        if lower and trigger.averages:
            method = next(iter(lower.values()))
            raise ValidationProblem(
                "scores that rise with drift, since the trigger averages those of all features",
                key=f"policies.triggers[{place}]",
                found=f"{trigger.policy}, and p-values of {listed(lower)} by {method}, which fall with drift",
                remedy="score these columns by a distance (remove drift.*.method for the default), or use drift_share",
            )
