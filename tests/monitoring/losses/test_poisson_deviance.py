"""The Poisson deviance: what its definition states, where it is not defined, and models that minimize it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_poisson_deviance

from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.poisson_deviance import PoissonDeviance
from driftloop.monitoring.quality.preflight import inspect
from driftloop.monitoring.quality.tally import tally
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from tests.judged import TYPES, monitored, reference, rows

LOSS = PoissonDeviance()


def test_it_is_the_loss_of_that_name() -> None:
    """The mean of the rows' losses is scikit-learn's mean Poisson deviance, zero counts included."""
    generator = np.random.default_rng(0)
    target, predicted = generator.poisson(1.5, 400).astype(float), generator.gamma(2.0, 1.0, 400)
    assert LOSS.rows(target, predicted).mean() == pytest.approx(mean_poisson_deviance(target, predicted))


def test_a_prediction_that_is_no_rate_costs_and_is_a_number() -> None:
    """At or below zero a prediction is never a bargain: it costs more than a small positive one, and finitely much."""
    for label in (0.0, 3.0):
        small, zero, below, far = LOSS.rows(np.full(4, label), np.array([1e-12, 0.0, -1.0, -5.0]))
        assert np.isfinite([small, zero, below, far]).all()
        assert below < far
        assert max(small, zero) < below


def test_a_label_below_zero_has_no_loss() -> None:
    """Where the deviance is not defined no number is made up."""
    assert LOSS.rows(np.array([-1.0]), np.array([2.0])).tolist() == [np.inf]
    assert (LOSS.refused(-0.5), LOSS.refused(0.0)) == (True, False)


@pytest.mark.parametrize(("least", "codes"), [(0.0, []), (-3.0, ["labels_not_allowed"])])
def test_labels_below_zero_are_bad_data(least: float, codes: list[str]) -> None:
    """One label below zero among those that are due ends a check; under another loss it is a label like others."""
    config = monitored(performance__loss="poisson_deviance")
    counts = np.random.default_rng(0).poisson(5.0, 700).astype(float)
    before = reference(config, rows(config, y=counts))
    now = rows(config, y=np.append(counts[1:], least))
    counted = tally(now, before, "y", np.ones(len(now), dtype=bool))
    found = [one for one in inspect(counted, before, config, source_types=TYPES) if one.severity == "fatal"]
    assert [one.code for one in found] == codes
    assert all("below 0 (smallest: -3)" in one.message and "another performance.loss" in one.message for one in found)
    other = monitored(performance__loss="mse")
    assert not [one for one in inspect(counted, before, other, source_types=TYPES) if one.severity == "fatal"]


def test_the_linear_model_is_that_of_counts() -> None:
    """On counts with a multiplicative effect the linear model beats the one of squared errors, and predicts rates."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(2000, 2)), columns=["a", "b"])
    counts = pd.Series(generator.poisson(np.exp(0.5 + 0.9 * frame["a"])).astype(float))
    settings = Training.model_validate({"window": "7d", "estimator": "linear", "threads": 1})
    old, new = slice(0, 1200), slice(1200, 2000)
    predicted = {
        loss: fit(frame[old], counts[old], ["a", "b"], [], "regression", settings, loss=named(loss)).predict(frame[new])
        for loss in ("poisson_deviance", "mse")
    }
    lost = {loss: LOSS.rows(counts[new].to_numpy(), values).mean() for loss, values in predicted.items()}
    assert predicted["poisson_deviance"].min() > 0
    assert lost["poisson_deviance"] < 0.8 * lost["mse"]
