"""From expected row losses to an estimate: its interval, its self-test, and whether it is applicable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.estimation.calibration import Calibration
from driftloop.monitoring.estimation.domain import Domain
from driftloop.monitoring.losses.performance import mean_interval
from driftloop.monitoring.records import Estimate, Record, SelfTest, changed, figure, loss_title

Floats = NDArray[np.float64]
Method = Literal["cbpe", "dle"]
MIN_FITTED_ROWS = 100
LEAST_ROWS = 30
FOLDS = 5
# Half the 95% CI of a new period's mean, in standard deviations between five of them: Student's t with four
# degrees of freedom, times the root of 1 + 1/5 for the mean that is not known either.
PERIODS = 2.776 * math.sqrt(1 + 1 / FOLDS)
# The self-test tolerates an error of this share of the measured loss: too small a rise for a retrain.
TOLERANCE = 0.1
# An estimator that predicts a smaller share of the variance of the row losses is no better than their mean.
LEAST_SKILL = 0.01
# Allowed share of rows outside the fitted domain, in addition to the share of the held-out rows.
MOST_OUTSIDE = 0.1


class LossEstimator(Record):
    """Stored part of an estimator, kept with its champion. A regression's model of the error has a separate file.

    `half` is half the 95% CI of the mean residual (measured minus expected) over the `rows` held-out rows; `between`
    is the standard deviation of the mean residual from one period to the next, beyond what its rows explain.
    `impossible` is the reason if there is no estimator.
    """

    method: Method
    loss_name: str
    loss: float = 0.0
    rows: int = 0
    half: float = 0.0
    between: float = 0.0
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
    """Return an estimator that is fitted on all rows, with its errors on held-out rows.

    `realised` and `held_back` have shape (n,), in order of time: the measured losses, and the expected losses by a fit
    without the row's fifth of the time. `outside_share` is the share of the held-out rows outside the domain of that
    fit.
    """
    _, low, high = mean_interval(realised - held_back)
    return LossEstimator(
        method=method,
        loss_name=loss_name,
        loss=float(realised.mean()),
        rows=len(realised),
        half=(high - low) / 2,
        between=between_periods(realised - held_back),
        outside_share=outside_share,
        domain=domain,
        calibrations=calibrations,
        self_test=self_test(realised, held_back),
    )


def impossible(method: Method, loss_name: str, reason: str) -> LossEstimator:
    """Return the record of a missing estimator, whose estimates have this reason."""
    return LossEstimator(method=method, loss_name=loss_name, impossible=reason)


def self_test(realised: Floats, held_back: Floats) -> SelfTest:
    """Compare the expected loss of the newest fifth, by a fit on the older rows, with the measured loss.

    It passes if the measured mean is within the 99% interval, or within a tenth of itself, and if the expected losses
    of the rows are closer to the measured ones than the mean of all rows.

    >>> wave = np.cos(np.arange(500.0))
    >>> self_test(5 + wave, 5 + 0.5 * wave).reason
    'estimated 5, measured 5.01 on 100 held-out rows; it predicts 75% of the variance between rows'
    >>> self_test(np.where(np.arange(500) < 400, 5 + wave, 8 + wave), 5 + wave).passed
    False
    """
    n = len(realised)
    cut = n - n // FOLDS
    old, new = realised - held_back, slice(cut, n)
    _, low, high = mean_interval(old[:cut], 0.99)
    half = widened((high - low) / 2, cut, n - cut)
    estimated, measured = float(held_back[new].mean()), float(realised[new].mean())
    spread, missed = float(np.square(realised - realised.mean()).sum()), float(np.square(old).sum())
    skill = 1.0 - missed / spread if spread > 0 else float(missed == 0)
    near = abs(measured - estimated) <= max(half, TOLERANCE * measured)
    figures = f"estimated {figure(estimated)}, measured {figure(measured)} on {n - cut:,} held-out rows"
    accuracy = (
        f"it predicts {skill:.0%} of the variance between rows"
        if skill >= LEAST_SKILL
        else "it predicts row losses no better than a constant"
    )
    return SelfTest(
        rows=n - cut,
        estimated=estimated,
        realised=measured,
        low=max(0.0, estimated - half),
        high=estimated + half,
        skill=skill,
        passed=near and skill >= LEAST_SKILL,
        reason=f"{figures}; {accuracy}",
    )


def between_periods(residuals: Floats) -> float:
    """Return the standard deviation of the mean residual between fifths of the time, beyond that of their rows.

    The variance between groups of a random-effects model, by the method of moments (DerSimonian and Laird 1986): the
    variance of the five means minus the mean variance of such a mean of independent rows.

    >>> wave = np.cos(np.arange(500.0))
    >>> between_periods(wave), round(between_periods(wave + np.repeat([0.0, 1.0, 2.0, 1.0, 0.0], 100)), 2)
    (0.0, 0.83)
    """
    parts = [part for part in np.array_split(residuals, FOLDS) if len(part) > 1]
    if len(parts) < FOLDS:
        return 0.0
    by_rows = float(np.mean([part.var(ddof=1) / len(part) for part in parts]))
    return math.sqrt(max(0.0, float(np.var([part.mean() for part in parts], ddof=1)) - by_rows))


def widened(half: float, fitted: int, rows: int) -> float:
    """Return half the interval of the mean of `rows` new rows, given half the interval of the mean of `fitted` rows.

    The variance of a mean is inverse to its rows; the error of an estimate has a part from the fitted rows and a part
    from the new ones.

    >>> widened(1.0, 300, 100)
    2.0
    """
    return half * math.sqrt(1.0 + fitted / rows)


@dataclass(frozen=True)
class ExpectedLosses:
    """Weighted sum of the expected losses of some rows, and the number of rows outside the fitted domain.

    `weight` is the sum of the weights, and of the rows without weights.
    """

    rows: int = 0
    total: float = 0.0
    outside: int = 0
    weight: float = 0.0

    def __add__(self, other: ExpectedLosses) -> ExpectedLosses:
        return ExpectedLosses(
            self.rows + other.rows,
            self.total + other.total,
            self.outside + other.outside,
            self.weight + other.weight,
        )


def sum_losses(expected: Floats, outside: NDArray[np.bool_], weights: Floats | None = None) -> ExpectedLosses:
    """Add up the expected losses of rows and the rows outside the domain, shapes (n,)."""
    rows, out = len(expected), int(outside.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        if weights is None:
            return ExpectedLosses(rows, float(expected.sum()), out, rows)
        return ExpectedLosses(rows, float(weights @ expected), out, float(weights.sum()))


def judge(estimator: LossEstimator, expected: ExpectedLosses, reference_loss: float) -> Estimate:
    """Return the expected loss of the current rows, and whether the estimate is applicable.

    Not applicable: no estimator, too few rows, too many rows outside the fitted domain, a failed self-test, or a result
    that is not finite. The interval is for the loss of exactly these rows in a later period.
    """
    rows = expected.rows
    estimate = Estimate(
        method=estimator.method,
        loss_name=estimator.loss_name,
        rows=rows,
        reference_loss=reference_loss,
        applicable=False,
        reason=estimator.impossible or f"{rows} rows, {LEAST_ROWS} needed",
        self_test=estimator.self_test,
    )
    if estimator.impossible or rows < LEAST_ROWS:
        return estimate
    mean = expected.total / expected.weight
    half = math.hypot(widened(estimator.half, estimator.rows, rows), PERIODS * estimator.between)
    share = expected.outside / rows
    if not (math.isfinite(mean) and math.isfinite(half)):
        return changed(estimate, reason="the expected loss is not a finite number", outside_share=share)
    test = estimator.self_test
    reason = ""
    if test is not None and not test.passed:
        reason = f"the self-test failed: {test.reason}"
    elif share > estimator.outside_share + MOST_OUTSIDE:
        limit = estimator.outside_share + MOST_OUTSIDE
        reason = f"{share:.1%} of the rows are outside the range that the estimator was fitted on (limit {limit:.1%})"
    low, high = max(0.0, mean - half), mean + half
    interval = f"95% CI {figure(low)} to {figure(high)}"
    text = f"{loss_title(estimator.loss_name)} {figure(mean)} ({interval}), estimated without labels"
    return changed(
        estimate, loss=mean, low=low, high=high, outside_share=share, applicable=not reason, reason=reason or text
    )
