"""Performance without labels: estimate of the champion's loss on current rows before the labels arrive.

An estimate cannot detect concept drift: an estimator learns the relation between features and loss and assumes that it
holds. If the relation between features and target changes, the estimate is wrong without a sign of it.
Sources: CBPE and DLE of NannyML's documentation; Kivimäki et al. 2024, arXiv 2401.08348, for CBPE's theory.
"""

from driftloop.monitoring.estimation.calibration import (
    Calibration,
    apply_calibration,
    expected_losses,
    learn_calibration,
)
from driftloop.monitoring.estimation.domain import Domain, learn_domain, outside
from driftloop.monitoring.estimation.judge import (
    MIN_FITTED_ROWS,
    ExpectedLosses,
    LossEstimator,
    impossible,
    judge,
    sum_losses,
    summarize,
)

__all__ = [
    "MIN_FITTED_ROWS",
    "Calibration",
    "Domain",
    "ExpectedLosses",
    "LossEstimator",
    "apply_calibration",
    "expected_losses",
    "impossible",
    "judge",
    "learn_calibration",
    "learn_domain",
    "outside",
    "sum_losses",
    "summarize",
]
