"""An estimator is verified by its name and parameters, without rows."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.losses import default
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.verifying import PROVIDED, verify_estimator


@pytest.mark.parametrize("estimator", [*sorted(PROVIDED), "sklearn.linear_model.Ridge", "math:sqrt"])
def test_what_can_be_used_passes(estimator: str) -> None:
    """Each provided estimator, a class of scikit-learn and a function."""
    verify_estimator(Training(window="28d", estimator=estimator), "regression", default("regression"))


@pytest.mark.parametrize(
    ("estimator", "params", "message"),
    [
        ("math:sqrtt", {}, "has no function 'sqrtt'"),
        ("sklearn.linear_model.Rigde", {}, "Did you mean 'Ridge'"),
        ("sklearn.linear_model.Ridge", {"alpa": 1}, "no parameter 'alpa'"),
        ("xgbost", {}, "Did you mean 'xgboost'"),
    ],
)
def test_what_cannot_be_used_is_refused(estimator: str, params: dict[str, Any], message: str) -> None:
    """With the most similar name."""
    settings = Training(window="28d", estimator=estimator, params=params)
    with pytest.raises(EstimatorError, match=message):
        verify_estimator(settings, "regression", default("regression"))
