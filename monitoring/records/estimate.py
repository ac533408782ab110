"""Estimate of a loss before its labels arrive: an estimate, its interval, and how far it was proven."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Record
from driftloop.monitoring.records.measures import loss_title, relative_rise


class SelfTest(Record):
    """An estimate held against what came true, on rows that were held back while the estimator was fitted.

    `low` and `high` are the 99 % interval that the estimate gave for them. `skill` is the share of the variance of the
    row losses that it foresees: zero says as much as the mean does, below zero less.
    """

    rows: int
    estimated: float
    realised: float
    low: float
    high: float
    skill: float
    passed: bool
    reason: str


class Estimate(Record):
    """The champion's mean loss on the current rows, estimated without their labels, with a 95 % interval.

    `applicable` is false where the current rows lie outside what the estimator was fitted on, are too few, or the
    self-test failed; `reason` says which. The numbers are null where there is nothing to estimate from.
    """

    method: Literal["cbpe", "dle"]
    loss_name: str
    loss: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int
    reference_loss: float
    outside_share: float = 0.0
    applicable: bool
    reason: str
    self_test: SelfTest | None = None

    @property
    def title(self) -> str:
        """The name of the loss in texts."""
        return loss_title(self.loss_name)

    @property
    def rise(self) -> float | None:
        """Relative rise of the estimated loss over the loss on the fitted rows: 0.1 is ten per cent worse."""
        return None if self.loss is None else relative_rise(self.loss, self.reference_loss)
