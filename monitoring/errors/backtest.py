"""Errors of a backtest: arrays that cannot be replayed."""

from __future__ import annotations

from monitoring.errors.base import DriftloopError


class NotReplayable(DriftloopError, ValueError):
    """An array or a number that `replay` was given does not fit the rest."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        super().__init__(f"{name}: {found}", expected=expected, remedy=f"correct {name} in the call of replay")
