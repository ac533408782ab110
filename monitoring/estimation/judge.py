"""From expected row losses to an estimate: its interval, its self-test, and whether it applies. Fits no model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.estimation.calibration import Calibration
from driftloop.monitoring.estimation.domain import Domain
from driftloop.monitoring.losses.performance import mean_interval
from driftloop.monitoring.records import Estimate, Record, SelfTest, changed, loss_title

Floats = NDArray[np.float64]
Method = Literal["cbpe", "dle"]
MIN_FITTED_ROWS = 100
LEAST_ROWS = 30
FOLDS = 5
# The self-test forgives a miss of this share of the realised loss: as small as what nobody would retrain for.
FORGIVEN = 0.1
# An estimator that foresees less of the variance of the row losses than this says no more than their mean.
LEAST_SKILL = 0.01
# Rows outside the fitted domain beyond the share that held-back rows of the same time had.
MOST_OUTSIDE = 0.1


class LossEstimator(Record):
    """Stored part of an estimator, kept with its champion. A regression's model of the error lies in a file of its own.

    `half` is half the 95 % interval of the mean residual (realised minus expected) over the `rows` held-back rows.
    `impossible` says why there is none.
    """

    method: Method
    loss_name: str
    loss: float = 0.0
    rows: int = 0
    half: float = 0.0
    outside_share: float = 0.0
    domain: Domain | None = None
    calibrations: tuple[Calibration, ...] = ()
    self_test: SelfTest | None = None
    impossible: str | None = None


def summarize(
    method: Method,
    loss_name: str,
    *,
    realised: Floats,
    held_back: Floats,
    outside_share: float,
    domain: Domain,
    calibrations: tuple[Calibration, ...] = (),
) -> LossEstimator:
    """Sum up an estimator that is fitted on all rows, by what it expected of each while that was held back.

    `realised` and `held_back` have shape (n,), in order of time: the losses that came true, and those expected by a
    fit without the row's own fifth of the time. `outside_share` is the share of the held-back rows that lay outside
    the domain of the fit that judged them.
    """
    _, low, high = mean_interval(realised - held_back)
    return LossEstimator(
        method=method,
        loss_name=loss_name,
        loss=float(realised.mean()),
        rows=len(realised),
        half=(high - low) / 2,
        outside_share=outside_share,
        domain=domain,
        calibrations=calibrations,
        self_test=self_test(realised, held_back),
    )


def impossible(method: Method, loss_name: str, why: str) -> LossEstimator:
    """No estimator, and why: every estimate will say so."""
    return LossEstimator(method=method, loss_name=loss_name, impossible=why)


def self_test(realised: Floats, held_back: Floats) -> SelfTest:
    """Hold the expectation of the newest fifth, made from the older rows, against what came true.

    It passes if the realised mean lies within the 99 % interval, or no further off than a tenth of itself, and if what
    was expected row by row was nearer to the truth than the mean of all rows.

    >>> wave = np.cos(np.arange(500.0))
    >>> self_test(5 + wave, 5 + 0.5 * wave).reason
    'estimated 5.003, realised 5.005 on 100 rows held back; it predicts 75% of the variance between rows'
    >>> self_test(np.where(np.arange(500) < 400, 5 + wave, 8 + wave), 5 + wave).passed
    False
    """
    n = len(realised)
    cut = n - n // FOLDS
    old, new = realised - held_back, slice(cut, n)
    _, low, high = mean_interval(old[:cut], 0.99)
    half = widened((high - low) / 2, cut, n - cut)
    estimated, came = float(held_back[new].mean()), float(realised[new].mean())
    spread, missed = float(np.square(realised - realised.mean()).sum()), float(np.square(old).sum())
    skill = 1.0 - missed / spread if spread > 0 else float(missed == 0)
    near = abs(came - estimated) <= max(half, FORGIVEN * came)
    figures = f"estimated {estimated:.4g}, realised {came:.4g} on {n - cut:,} rows held back"
    accuracy = (
        f"it predicts {skill:.0%} of the variance between rows"
        if skill >= LEAST_SKILL
        else "it predicts row losses no better than a constant"
    )
    return SelfTest(
        rows=n - cut,
        estimated=estimated,
        realised=came,
        low=max(0.0, estimated - half),
        high=estimated + half,
        skill=skill,
        passed=near and skill >= LEAST_SKILL,
        reason=f"{figures}; {accuracy}",
    )


def widened(half: float, fitted: int, rows: int) -> float:
    """Half an interval for the mean of `rows` further rows, given half of that for the mean of `fitted` ones.

    A mean's variance goes as one over its rows; an estimate errs by that of the fitted rows and that of the new ones.

    >>> widened(1.0, 300, 100)
    2.0
    """
    return half * math.sqrt(1.0 + fitted / rows)


@dataclass(frozen=True)
class ExpectedLosses:
    """Expected losses of some rows, added up, and how many of the rows lie outside of what was fitted."""

    rows: int = 0
    total: float = 0.0
    outside: int = 0

    def __add__(self, other: ExpectedLosses) -> ExpectedLosses:
        return ExpectedLosses(self.rows + other.rows, self.total + other.total, self.outside + other.outside)


def sum_losses(expected: Floats, outside: NDArray[np.bool_]) -> ExpectedLosses:
    """Add up the expected loss of each row and whether it lies outside, shapes (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return ExpectedLosses(len(expected), float(expected.sum()), int(outside.sum()))


def judge(estimator: LossEstimator, expected: ExpectedLosses, reference_loss: float) -> Estimate:
    """Say what loss is to be expected of the current rows, and whether that applies.

    Not applicable: no estimator, too few rows, too many rows outside what it was fitted on, a failed self-test, or
    numbers that are no numbers. The interval is for the loss that these very rows will turn out to have.
    """
    rows = expected.rows
    told = Estimate(
        method=estimator.method,
        loss_name=estimator.loss_name,
        rows=rows,
        reference_loss=reference_loss,
        applicable=False,
        reason=estimator.impossible or f"{rows} rows, {LEAST_ROWS} needed",
        self_test=estimator.self_test,
    )
    if estimator.impossible or rows < LEAST_ROWS:
        return told
    mean = expected.total / rows
    half = widened(estimator.half, estimator.rows, rows)
    share = expected.outside / rows
    if not (math.isfinite(mean) and math.isfinite(half)):
        return changed(told, reason="the expected loss is not a finite number", outside_share=share)
    test = estimator.self_test
    why = ""
    if test is not None and not test.passed:
        why = f"the self-test failed: {test.reason}"
    elif share > estimator.outside_share + MOST_OUTSIDE:
        why = (
            f"{share:.1%} of the rows lie outside what the estimator was fitted on, "
            f"at most {estimator.outside_share + MOST_OUTSIDE:.1%} may"
        )
    low, high = max(0.0, mean - half), mean + half
    said = f"{loss_title(estimator.loss_name)} {mean:.4g} ({low:.4g} to {high:.4g}) estimated without labels"
    return changed(told, loss=mean, low=low, high=high, outside_share=share, applicable=not why, reason=why or said)
