"""The Huber loss: what its definition states, and a fit that holds where xgboost's own first guess does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from driftloop.monitoring.losses.huber import Huber
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit

ERRORS = np.random.default_rng(0).standard_t(2, 500) * 3


@pytest.mark.parametrize("delta", [1e-3, 1.0, 4.5, 1e6])
def test_it_is_the_loss_of_that_name(delta: float) -> None:
    """Rows lose what scipy's `huber` states, and no constant that a minimizer finds loses less than the best one."""
    loss = Huber(delta=delta)
    assert loss.rows(ERRORS, np.zeros(500)) == pytest.approx(special.huber(delta, ERRORS))
    found = optimize.minimize_scalar(
        lambda at: special.huber(delta, ERRORS - at).mean(), bounds=(-9, 9), method="bounded"
    )
    assert special.huber(delta, ERRORS - loss.best(ERRORS)).mean() <= found.fun * (1 + 1e-9)


def test_its_constant_is_between_median_and_mean() -> None:
    """A small delta gives the median, a large one the mean, and extreme labels move it by no more than delta."""
    skewed = np.random.default_rng(1).exponential(size=501)
    assert Huber(delta=1e-9).best(skewed) == pytest.approx(np.median(skewed), abs=1e-8)
    assert Huber(delta=1e9).best(skewed) == pytest.approx(np.mean(skewed))
    struck = np.append(skewed, [1e300, -1e300, 1e300])
    assert abs(Huber().best(struck) - np.median(struck)) <= 1.0
    assert Huber().best(np.array([7.0])) == 7.0


@pytest.mark.parametrize("spread", [0.3, 3.0, 300.0])
def test_trees_learn_whatever_the_scale_of_the_target(spread: float) -> None:
    """Far from zero, and with a delta far from the spread, a fit predicts far better than the best constant does."""
    generator = np.random.default_rng(2)
    frame = pd.DataFrame(generator.normal(size=(1500, 2)), columns=["a", "b"])
    target = 5000 + spread * (2 * frame["a"] + frame["b"] ** 2 + 0.3 * pd.Series(generator.standard_t(2, 1500)))
    settings = Training.model_validate({"window": "7d", "estimator": "xgboost", "threads": 1})
    loss, old, new = Huber(), slice(0, 1000), slice(1000, 1500)
    scorer = fit(frame[old], target[old], ["a", "b"], [], "regression", settings, loss=loss)
    truth = target[new].to_numpy()
    lost = loss.rows(truth, scorer.predict(frame[new])).mean()
    assert lost < 0.5 * loss.rows(truth, np.full(500, loss.best(target[old].to_numpy()))).mean()
