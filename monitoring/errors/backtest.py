"""Errors of a backtest: a history, policies or arrays that it cannot replay."""

from __future__ import annotations

from collections.abc import Iterable

from driftloop.monitoring.errors.base import DriftloopError, listed, suggestion


class HistoryTooShort(DriftloopError):
    """Too few batches to judge a policy."""

    def __init__(self, found: str, *, needed: int, remedy: str) -> None:
        super().__init__(found, expected=f"at least {needed} batches to train and to score on", remedy=remedy)


class LossNotFinite(DriftloopError):
    """A model trained on the history has no finite loss."""

    def __init__(self, trained: object, scored: object) -> None:
        super().__init__(
            f"the model trained on the rows before {trained:%Y-%m-%d %H:%M} has no finite loss on {scored}",
            expected="a finite loss on every batch",
            remedy="exclude rows with extreme labels (columns.filter), or fix the estimator's predict",
        )


class UnknownPolicy(DriftloopError):
    """A policy that a backtest cannot compare. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"unknown policy {name!r} in --policies",
            expected=f"names of triggers, separated by commas: {listed(known, 30)}",
            remedy="correct --policies." + suggestion(name, known),
        )


class NotReplayable(DriftloopError, ValueError):
    """An argument of `replay` that does not fit the others."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        super().__init__(f"{name}: {found}", expected=expected, remedy=f"correct {name} in the call of replay")
