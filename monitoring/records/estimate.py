"""Estimate of a loss before its labels arrive, with its interval and its self-test."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Record
from driftloop.monitoring.records.measures import loss_title
from driftloop.monitoring.records.slices import relative_rise


class SelfTest(Record):
    """An estimate compared with the measured loss, on rows held out from the fit of the estimator.

    `realised` is the measured loss. `low` and `high` are the estimate's 99% interval for it. `skill` is the share of
    the variance of the row losses that the estimate predicts: 0 is as good as their mean, below 0 worse.
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
    """The champion's mean loss on the current rows, estimated without their labels, with a 95% CI.

    `applicable` is false if the current rows are too few or outside the fitted rows, or if the self-test failed;
    `reason` names the cause. The numbers are null if there is nothing to estimate from.
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
        """Relative rise of the estimated loss over the loss on the fitted rows: 0.1 is 10% worse."""
        return None if self.loss is None else relative_rise(self.loss, self.reference_loss)
