"""The pinball loss: what its definition states, and models that predict the quantile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_pinball_loss

from driftloop.monitoring.losses.pinball import Pinball
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from tests.judged import monitored


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_it_is_the_loss_of_that_name(quantile: float) -> None:
    """The mean of the rows' losses is scikit-learn's mean pinball loss, and the best constant is the quantile."""
    generator = np.random.default_rng(0)
    target, predicted = generator.normal(size=501), generator.normal(size=501)
    loss = Pinball(quantile=quantile)
    expected = mean_pinball_loss(target, predicted, alpha=quantile)
    assert loss.rows(target, predicted).mean() == pytest.approx(expected)
    assert (target <= loss.best(target)).mean() == pytest.approx(quantile, abs=1 / 501)


@pytest.mark.parametrize("quantile", [0, 1, 1.5, -0.1, "high", None])
def test_a_quantile_is_inside_0_and_1(quantile: object) -> None:
    """A quantile outside of 0 and 1, or none at all, is refused."""
    given = {"loss": "pinball"} if quantile is None else {"loss": "pinball", "quantile": quantile}
    with pytest.raises(ValueError, match=r"performance\.pinball\.quantile"):
        monitored(performance=given)


@pytest.mark.parametrize("estimator", ["xgboost", "linear", "sklearn.ensemble.HistGradientBoostingRegressor"])
def test_every_estimator_predicts_the_quantile(estimator: str) -> None:
    """About nine of ten fresh labels are below the prediction of the 90th percentile, wherever the inputs are."""
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.normal(size=(6000, 2)), columns=["a", "b"])
    target = 1000 + 3 * frame["a"] + (2 + frame["b"].clip(-1, 1)) * generator.exponential(1.0, 6000)
    settings = Training.model_validate({"window": "7d", "estimator": estimator, "threads": 1})
    old, new = slice(0, 4000), slice(4000, 6000)
    scorer = fit(frame[old], target[old], ["a", "b"], [], "regression", settings, loss=Pinball(quantile=0.9))
    below = target[new] <= scorer.predict(frame[new])
    assert below.mean() == pytest.approx(0.9, abs=0.04)
    assert below[frame[new]["a"] > 0].mean() == pytest.approx(0.9, abs=0.06)
