"""The gamma deviance: what its definition states, where it is not defined, and its linear model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_gamma_deviance

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.gamma_deviance import GammaDeviance
from driftloop.monitoring.quality.preflight import inspect
from driftloop.monitoring.quality.tally import tally
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from tests.judged import TYPES, monitored, reference, rows

LOSS = GammaDeviance()


def test_it_is_the_loss_of_that_name() -> None:
    """The mean of the rows' losses is scikit-learn's mean gamma deviance."""
    generator = np.random.default_rng(0)
    target, predicted = generator.gamma(2.0, 3.0, 400), generator.gamma(2.0, 3.0, 400)
    assert LOSS.rows(target, predicted).mean() == pytest.approx(mean_gamma_deviance(target, predicted))


def test_the_unit_does_not_matter() -> None:
    """Only the relative error counts: amounts in cents lose what amounts in euros do."""
    target, predicted = np.array([1.0, 20.0]), np.array([2.0, 5.0])
    assert LOSS.rows(100 * target, 100 * predicted) == pytest.approx(LOSS.rows(target, predicted))


def test_a_prediction_that_is_no_amount_costs_and_is_a_number() -> None:
    """At or below zero a prediction costs more than a small positive one, and finitely much."""
    small, zero, below, far = LOSS.rows(np.full(4, 3.0), np.array([1e-12, 0.0, -1e16, -1e17]))
    assert np.isfinite([small, zero, below, far]).all()
    assert small < zero < below < far


@pytest.mark.parametrize("least", [0.0, -2.0])
def test_labels_at_or_below_zero_are_refused(least: float) -> None:
    """A label at zero or below ends a check as bad data and a training as impossible, with the numbers."""
    assert LOSS.rows(np.array([least]), np.array([2.0])).tolist() == [np.inf]
    config = monitored(performance__loss="gamma_deviance")
    amounts = np.random.default_rng(0).gamma(2.0, 3.0, 700)
    before = reference(config, rows(config, y=amounts))
    now = rows(config, y=np.append(amounts[1:], least))
    counted = tally(now, before, "y", np.ones(len(now), dtype=bool))
    found = [one for one in inspect(counted, before, config, source_types=TYPES) if one.severity == "fatal"]
    assert [one.code for one in found] == ["labels_not_allowed"]
    assert "at or below 0" in found[0].message
    frame = pd.DataFrame({"a": amounts})
    settings = Training.model_validate({"window": "7d", "estimator": "xgboost"})
    target = pd.Series(np.append(amounts[1:], least))
    with pytest.raises(
        TrainingImpossible, match=f"1 of 700 labels are at or below 0, the least being {least:g}"
    ) as why:
        fit(frame, target, ["a"], [], "regression", settings, loss=LOSS)
    assert (why.value.code, "labels above 0" in why.value.expected) == ("labels_not_allowed", True)


def test_the_linear_model_is_that_of_amounts() -> None:
    """On amounts with a multiplicative effect the linear model beats the one of squared errors."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(2000, 2)), columns=["a", "b"])
    amounts = pd.Series(np.exp(4 + 0.9 * frame["a"]) * generator.gamma(2.0, 0.5, 2000))
    settings = Training.model_validate({"window": "7d", "estimator": "linear", "threads": 1})
    old, new = slice(0, 1200), slice(1200, 2000)
    lost = {
        loss: LOSS.rows(
            amounts[new].to_numpy(),
            fit(frame[old], amounts[old], ["a", "b"], [], "regression", settings, loss=named(loss)).predict(frame[new]),
        ).mean()
        for loss in ("gamma_deviance", "mse")
    }
    assert lost["gamma_deviance"] < 0.8 * lost["mse"]
