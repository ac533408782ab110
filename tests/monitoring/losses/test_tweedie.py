"""The Tweedie deviance: what its definition states, where it is not defined, and models that are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_tweedie_deviance

from driftloop.monitoring.losses.tweedie import Tweedie
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training import storage
from driftloop.pipelines.training.fit import fit
from tests.judged import monitored


@pytest.mark.parametrize("power", [1.1, 1.5, 1.9])
def test_it_is_the_loss_of_that_name(power: float) -> None:
    """The mean of the rows' losses is scikit-learn's mean Tweedie deviance, labels of zero included."""
    generator = np.random.default_rng(0)
    target = generator.gamma(2.0, 3.0, 400) * (generator.uniform(size=400) < 0.6)
    predicted = generator.gamma(2.0, 1.0, 400)
    expected = mean_tweedie_deviance(target, predicted, power=power)
    assert Tweedie(power=power).rows(target, predicted).mean() == pytest.approx(expected)


def test_a_prediction_below_zero_costs_and_a_label_below_zero_has_no_loss() -> None:
    """No prediction at or below zero is a bargain, and where the deviance is not defined it is infinite."""
    for label in (0.0, 3.0):
        small, zero, below, far = Tweedie().rows(np.full(4, label), np.array([1e-12, 0.0, -1e9, -2e9]))
        assert np.isfinite([small, zero, below, far]).all()
        assert max(small, zero) < below < far
    assert Tweedie().rows(np.array([-1.0]), np.array([2.0])).tolist() == [np.inf]
    assert (Tweedie().refused(-0.1), Tweedie().refused(0.0)) == (True, False)


@pytest.mark.parametrize("power", [1, 2, 0, 3])
def test_other_powers_are_refused(power: float) -> None:
    """The powers of the losses that have files of their own, and those beyond, are outside of the range."""
    with pytest.raises(ValueError, match=r"performance\.tweedie\.power"):
        monitored(performance={"loss": "tweedie", "power": power})


def test_the_linear_model_is_stored_and_read_back(tmp_path: Path) -> None:
    """Claims with many zeros are fitted better than by squared errors, and the model survives its file."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(3000, 2)), columns=["a", "b"])
    claims = pd.Series(np.exp(frame["a"]) * generator.gamma(2.0, 1.0, 3000) * (generator.uniform(size=3000) < 0.4))
    settings = Training.model_validate({"window": "7d", "estimator": "linear", "threads": 1})
    old, new = slice(0, 2000), slice(2000, 3000)
    loss = Tweedie()
    scorer = fit(frame[old], claims[old], ["a", "b"], [], "regression", settings, loss=loss)
    predicted = scorer.predict(frame[new])
    naive = loss.rows(claims[new].to_numpy(), np.full(1000, loss.best(claims[old].to_numpy()))).mean()
    assert loss.rows(claims[new].to_numpy(), predicted).mean() < 0.9 * naive
    loaded = storage.load(tmp_path, manifest=storage.save(scorer, tmp_path))
    assert loaded.predict(frame[new]).tolist() == predicted.tolist()
