"""Performance without labels: what the champion's loss on fresh rows will be, before the labels come.

Blind to concept drift by construction: an estimator learns how the loss goes with what a row shows, and takes that
relation to hold. Where the target begins to answer otherwise to the same inputs, an estimate stays calm and is wrong.
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
