"""Every loss with the parameters that the laws try it with, beside its defaults."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.losses import LOSSES, Loss

FURTHER: dict[str, list[dict[str, Any]]] = {"huber": [{"delta": 4.5}]}


def losses(*, of_numbers: bool | None = None) -> list[Loss]:
    """Give every registered loss by its defaults and with other parameters, or those of numbers or classes alone."""
    every = [kind.model_validate({"loss": name, **given}) for name, kind in LOSSES.items() for given in _given(name)]
    return [one for one in every if of_numbers is None or one.of_numbers == of_numbers]


def _given(name: str) -> list[dict[str, Any]]:
    return [{}, *FURTHER.get(name, [])]
