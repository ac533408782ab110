"""Evidence that one model has a higher loss than another on the same rows: an e-process over windows. Pure.

The null hypothesis: given all earlier windows, the paired difference of the losses (model minus other) has a mean of at
most 0 on the rows of each window. Two e-processes test it, under different assumptions; the smaller one is the
evidence. The smaller of two e-processes is one itself wherever one of the two assumptions holds:

- `waves`: per window an e-value of Student's t of the mean against the slowest waves of the differences (six, see
  `monitoring.losses.performance.waves`). Assumption: mean and waves are spherically symmetric around the true mean, as
  in a series whose memory is short compared with the window, whatever its variance. It is the likelihood ratio of
  the t statistic, a mixture over three effects (Pérez-Ortiz, Lardy, de Heide and Grünwald 2024, "E-statistics, group
  invariance and anytime-valid testing"; Wang and Ramdas 2025, "Anytime-valid t-tests and confidence sequences for
  Gaussian means with unknown variance"). Rows may depend on each other within a window.
- `bets`: the wealth of bets on each row's difference, clipped at a scale that was fixed before the rows existed.
  Assumption: given the rows before it, a clipped difference has a mean of at most 0. Losses may be unbounded, skewed or
  have no variance (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting"; Choe and
  Ramdas 2023, "Comparing sequential forecasters"). Without a bound no test of a mean is valid (Bahadur and Savage
  1956), so the differences are clipped.

By Ville's inequality either exceeds `PROOF` with a probability of at most 1 / `PROOF`, over any number of windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Evidence that is a proof: the null hypothesis exceeds it with a probability of at most 1%.
PROOF = 100.0
# Rows of a window that counts. With fewer, neighboring rows that are alike make the waves too small.
LEAST_ROWS = 100
# Clipping of a difference, in units of the models' reference loss.
CLIP = 5.0
# Mixtures of equal weights: parts of the wealth staked on each row, effects in standard errors of a window.
STAKES = (0.9, 0.5, 0.25, 0.12, 0.06, 0.03)
EFFECTS = (1.5, 3.0, 6.0)


class Step(NamedTuple):
    """One window: mean paired difference, its standard error, the number of its waves, and `bets` on the rows."""

    difference: float
    error: float
    degrees: int
    bets: Sequence[float]


def scale_of(*reference_losses: float | None) -> float:
    """Return the size at which differences are clipped, from reference losses that are older than the rows.

    >>> scale_of(2.0, None, 4.0), scale_of(None, float("inf"))
    (20.0, 5.0)
    """
    known = [loss for loss in reference_losses if loss is not None and math.isfinite(loss)]
    return CLIP * max(max(known, default=1.0), 1e-300)


def bets(differences: Floats, scale: float) -> tuple[float, ...]:
    """Return the logarithm of the wealth of each stake after bets on all rows, differences of shape (n,).

    Each stake bets on a higher loss. Wealth multiplies over rows and windows; its logarithms add up.

    >>> [round(one, 3) for one in bets(np.array([1.0, -1.0, 9.0]), 1.0)][:2]
    [-1.019, 0.118]
    """
    clipped = np.clip(np.nan_to_num(differences / scale, nan=0.0), -1.0, 1.0)
    return tuple(float(np.log1p(stake * clipped).sum()) for stake in STAKES)


def evidence(steps: Sequence[Step]) -> float:
    """Return the evidence of all windows that the loss is higher; 1 without any, at most 1e300.

    >>> steps = [Step(0.5, 0.1, 6, (6.0, 5.0, 3.0, 1.5, 0.8, 0.4))] * 2
    >>> evidence(steps[:1]) < PROOF < evidence(steps)
    True
    """
    if not all(math.isfinite(step.difference) for step in steps):
        return 0.0
    by_waves = sum(math.log(max(t_evidence(step.difference, step.error, step.degrees), 1e-300)) for step in steps)
    wealth = [sum(step.bets[at] for step in steps) for at in range(len(STAKES))]
    most = max(wealth)
    by_bets = most + math.log(sum(math.exp(one - most) for one in wealth) / len(wealth))
    return math.exp(min(by_waves, by_bets, 690.0))


def proven(steps: Sequence[Step]) -> bool:
    """Return whether a higher loss is proven; the plain mean of the differences must be above 0 as well."""
    return bool(steps) and mean_difference(steps) > 0 and evidence(steps) >= PROOF


def mean_difference(steps: Sequence[Step]) -> float:
    """Return the mean of the windows' differences, each window with equal weight."""
    return sum(step.difference for step in steps) / len(steps) if steps else 0.0


def t_evidence(mean: float, error: float, degrees: int) -> float:
    """Return the likelihood ratio of t = mean / error, for effects above 0 against none.

    For an effect d in standard errors and v degrees of freedom it is exp(-d² / 2) E[exp(d w X)], with
    w = t / sqrt(t² + v) and X of a chi distribution with v + 1 degrees, here as its power series.

    >>> round(t_evidence(0.0, 1.0, 6), 3), t_evidence(3.0, 1.0, 6) > 5, t_evidence(-3.0, 1.0, 6) < 0.2
    (0.112, True, True)
    """
    length = math.hypot(mean, error * math.sqrt(degrees))
    share = mean / length if length else 0.0
    return sum(_ratio(effect, share, degrees + 1) for effect in EFFECTS) / len(EFFECTS)


def _ratio(effect: float, share: float, freedom: int) -> float:
    """Return exp(-d² / 2) E[exp(d w X)]; the terms are (d w)^k E[X^k] / k!."""
    argument, total = effect * share, 0.0
    for k in range(200):
        size = k * math.log(abs(argument)) if argument else (0.0 if k == 0 else -math.inf)
        moment = k / 2 * math.log(2) + math.lgamma((freedom + k) / 2) - math.lgamma(freedom / 2)
        term = math.exp(size + moment - math.lgamma(k + 1) - effect**2 / 2)
        total += -term if argument < 0 and k % 2 else term
        if k > freedom + effect**2 and term < 1e-18:
            break
    return max(total, 0.0)
