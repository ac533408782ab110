"""The weighted absolute percentage error: a ratio of sums, with the interval of a ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses.performance import mean_interval
from driftloop.monitoring.losses.wape import Wape
from driftloop.monitoring.quality.preflight import inspect
from driftloop.monitoring.quality.tally import tally
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.loss_model import expect, fit_loss_model
from tests.judged import TYPES, monitored, reference, rows

LOSS = Wape()
TARGET = np.array([10.0, 0.0, -30.0, 60.0])
PREDICTED = np.array([12.0, 1.0, -25.0, 50.0])


def whole(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return LOSS.whole(LOSS.rows(target, predicted), target)


def test_it_is_a_ratio_of_sums() -> None:
    """The mean of the whole is the sum of the absolute errors divided by the sum of the absolute labels."""
    assert whole(TARGET, PREDICTED).mean() == pytest.approx(18 / 100)
    assert whole(100 * TARGET, 100 * PREDICTED).mean() == pytest.approx(18 / 100)
    assert naive_losses([1.0, 2.0, 9.0], [4.0, 1.0], LOSS).mean() == pytest.approx(3 / 5)


def test_labels_that_sum_to_zero_have_no_ratio() -> None:
    """Without any volume an error is infinitely large, and no error is none."""
    nothing = np.zeros(3)
    assert whole(nothing, np.array([0.0, 1.0, 0.0])).tolist() == [np.inf] * 3
    assert whole(nothing, nothing).tolist() == [0.0] * 3


def test_labels_that_are_all_zero_are_bad_data() -> None:
    """A window and a training whose labels are all 0 are refused; single labels of 0 are not."""
    config = monitored(performance__loss="wape")
    numbers = np.random.default_rng(0).normal(size=700)
    before = reference(config, rows(config, y=numbers))
    for labels, codes in ((np.zeros(700), ["labels_not_allowed"]), (numbers * (numbers > 1), [])):
        now = rows(config, y=labels)
        counted = tally(now, before, "y", np.ones(len(now), dtype=bool))
        found = [one for one in inspect(counted, before, config, source_types=TYPES) if one.severity == "fatal"]
        assert [one.code for one in found] == codes
    settings = Training.model_validate({"window": "7d"})
    with pytest.raises(TrainingImpossible, match="all 700 labels are 0, by whose sum wape divides"):
        fit(pd.DataFrame({"a": numbers}), pd.Series(np.zeros(700)), ["a"], [], "regression", settings, loss=LOSS)


def test_its_interval_is_that_of_a_ratio() -> None:
    """Of 400 streams whose volume varies more than the error share, the interval holds the true ratio in 90 to 99%."""
    generator = np.random.default_rng(0)
    held, width, plain = 0, 0.0, 0.0
    for _ in range(400):
        target = generator.lognormal(3, 1.5, 2000)
        predicted = target * (1 + generator.choice([-0.2, 0.2], 2000) * generator.uniform(0.5, 1.5, 2000))
        lost = LOSS.rows(target, predicted)
        mean, low, high = mean_interval(LOSS.whole(lost, target))
        held += low <= 0.2 <= high
        width += high - low
        _, low, high = mean_interval(lost / target.mean())
        plain += high - low
        assert mean == pytest.approx(lost.sum() / target.sum())
    assert 360 <= held <= 396
    assert width < 0.5 * plain


def test_it_is_estimated_without_labels() -> None:
    """The estimator of the loss learns the share: it passes its test and finds where the share is twice as high."""
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({"size": generator.lognormal(3, 0.5, 4000), "bad": generator.uniform(size=4000) < 0.5})
    frame["bad"] = frame["bad"].astype(float)
    share = 0.1 + 0.2 * frame["bad"]
    target = frame["size"] * (1 + share * generator.choice([-1, 1], 4000))
    settings = Training.model_validate({"window": "7d", "estimator": "linear", "threads": 1})
    old, held, new = slice(0, 1500), slice(1500, 3000), slice(3000, 4000)
    scorer = fit(frame[old], target[old], ["size", "bad"], [], "regression", settings, loss=LOSS)
    model = fit_loss_model(scorer, frame[held], target[held].to_numpy(), LOSS)
    assert model.estimator.self_test.passed
    for bad in (0.0, 1.0):
        some = frame[new][frame[new]["bad"] == bad]
        expected, _ = expect(model, some, scorer.predict(some))
        truth = whole(target.loc[some.index].to_numpy(), scorer.predict(some)).mean()
        assert expected.mean() == pytest.approx(truth, rel=0.15)
