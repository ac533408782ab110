"""Errors of a history that cannot be backtested: too short, too thin, or scored with what is no number."""

from __future__ import annotations

from monitoring.errors.base import DriftloopError


class HistoryTooShort(DriftloopError):
    """Not enough batches to say anything about a policy."""

    def __init__(self, found: str, *, needed: int, remedy: str) -> None:
        super().__init__(found, expected=f"at least {needed} batches to train and to score on", remedy=remedy)


class LossNotFinite(DriftloopError):
    """A model that was trained on the history predicts what gives no finite loss."""

    def __init__(self, trained: object, scored: object) -> None:
        super().__init__(
            f"the model trained on the rows before {trained:%Y-%m-%d %H:%M} has no finite loss on {scored}",
            expected="a finite loss on every batch",
            remedy="leave rows with labels beyond reason out (columns.filter), or mend the estimator's predict",
        )
