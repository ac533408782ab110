"""Errors of a choice that the user made on the command line and that leads nowhere. Exit code 2."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.errors.base import DriftloopError, listed, meant


class UnknownPolicy(DriftloopError):
    """A policy that a backtest was asked for and cannot compare. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"there is no policy {name!r} to compare",
            expected=f"names of triggers, separated by commas: {listed(known, 30)}",
            remedy="correct --policies." + meant(name, known),
        )
