"""Every loss with the parameters that the laws try it with, next to its defaults."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.losses import LOSSES, Loss

COSTS = {
    "a": {"b": 1.0, "c": 2.0, "no": 3.0, "yes": 1.0},
    "b": {"a": 4.0, "c": 0.5, "no": 2.0, "yes": 2.0},
    "c": {"a": 1.5, "b": 3.0, "no": 1.0, "yes": 1.0},
    "no": {"a": 1.0, "b": 1.0, "c": 1.0, "yes": 2.0},
    "yes": {"a": 1.0, "b": 1.0, "c": 1.0, "no": 3.0},
}
# What a loss cannot be named without.
REQUIRED: dict[str, dict[str, Any]] = {
    "pinball": {"quantile": 0.9},
    "cost_matrix": {"costs": COSTS},
    "custom": {"function": "tests.custom_losses:asymmetric"},
}
FURTHER: dict[str, list[dict[str, Any]]] = {
    "huber": [{"delta": 4.5}],
    "pinball": [{"quantile": 0.2}],
    "tweedie": [{"power": 1.2}],
}


def losses(*, of_numbers: bool | None = None) -> list[Loss]:
    """Give every registered loss with other parameters as well, or those of numbers or classes alone.

    A custom one can be of numbers or of classes: there it is one of numbers.
    """
    every = [example(name, **given) for name in LOSSES for given in ({}, *FURTHER.get(name, []))]
    return [one for one in every if of_numbers is None or is_of_numbers(one) == of_numbers]


def example(name: str, **given: Any) -> Loss:
    """Give the loss of a name by its defaults, with what it cannot be named without."""
    return LOSSES[name].model_validate({"loss": name, **REQUIRED.get(name, {}), **given})


def is_of_numbers(loss: Loss) -> bool:
    """Whether the laws try a loss with numbers."""
    return loss.of_numbers or loss.loss == "custom"
