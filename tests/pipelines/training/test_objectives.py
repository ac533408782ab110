"""Training follows the loss: what xgboost minimizes is what a model is judged by, for every registered loss."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.objectives import objective
from driftloop.pipelines.training.scorer import Scorer
from tests.every_loss import is_of_numbers, losses

N = 12_000
SETTINGS = Training.model_validate(
    {"window": "7d", "estimator": "xgboost", "params": {"n_estimators": 60, "learning_rate": 0.3}, "threads": 1}
)


def skewed() -> tuple[pd.DataFrame, pd.Series]:
    """Numbers whose mean, median and all between are far apart, at each of six known levels."""
    generator = np.random.default_rng(0)
    level = generator.integers(0, 6, N)
    frame = pd.DataFrame({"level": level.astype(float)})
    return frame, pd.Series((1 + level / 2) * generator.exponential(1.0, N) ** 1.5)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Scorer]:
    """One model a loss, all fitted on the same skewed rows."""
    frame, target = skewed()
    half = N // 2
    return {
        loss.name: fit(frame[:half], target[:half], ["level"], [], "regression", SETTINGS, loss=loss)
        for loss in losses(of_numbers=True)
    }


PAIRS = [
    (own, other)
    for own, other in itertools.permutations(losses(of_numbers=True), 2)
    # Of two losses with the same best constant, such as the mean, either objective finds it.
    if (own.constant, getattr(own, "quantile", None)) != (other.constant, getattr(other, "quantile", None))
    and "custom" not in {own.loss, other.loss}
]


@pytest.mark.parametrize(("own", "other"), PAIRS, ids=str)
def test_its_own_objective_is_the_best(own: Loss, other: Loss, fitted: dict[str, Scorer]) -> None:
    """Fresh skewed rows lose less under a model that was trained for the loss than under one trained for another."""
    frame, target = skewed()
    fresh, truth = frame[N // 2 :], target[N // 2 :].to_numpy()
    lost = {name: own.rows(truth, scorer.predict(fresh)).mean() for name, scorer in fitted.items()}
    assert lost[own.name] < lost[other.name]


@pytest.mark.parametrize("loss", losses(), ids=str)
@pytest.mark.parametrize("estimator", ["auto", "linear", "xgboost"])
def test_it_is_trained_and_stops_early(loss: Loss, estimator: str) -> None:
    """Every loss comes with a metric that xgboost knows: trees stop, and a model beats the best constant."""
    generator = np.random.default_rng(1)
    numbers = generator.normal(size=(900, 2))
    rate = np.exp(0.8 * numbers[:, 0])
    frame = pd.DataFrame(numbers, columns=["a", "b"])
    target = (
        pd.Series(rate * generator.gamma(8.0, 1 / 8, 900))
        if is_of_numbers(loss)
        else pd.Series(np.where(generator.uniform(size=900) < rate / (1 + rate), "yes", "no"))
    )
    task: Task = "regression" if is_of_numbers(loss) else "binary"
    settings = SETTINGS.model_copy(update={"estimator": estimator, "params": {}})
    scorer = fit(frame[:600], target[:600], ["a", "b"], [], task, settings, loss=loss)
    assert scorer.recipe is not None
    assert scorer.recipe.trees is None or 1 <= scorer.recipe.trees < 1000
    truth = target[600:].to_numpy()
    best = loss.best(target[:600].to_numpy(), scorer.classes)
    constant = np.broadcast_to(best, (300, len(scorer.classes)) if scorer.classes else (300,))
    lost = loss.rows(truth, scorer.predict(frame[600:]), scorer.classes).mean()
    assert lost < loss.rows(truth, constant, scorer.classes).mean()


@pytest.mark.parametrize("loss", losses(), ids=str)
@pytest.mark.parametrize("estimator", ["linear", "xgboost", "sklearn.ensemble.RandomForestRegressor", "mine:train"])
def test_the_log_states_what_is_minimized(loss: Loss, estimator: str) -> None:
    """Where an estimator has no objective for a loss the sentence reports it; where it has one it names the loss."""
    chosen = objective(estimator, {}, loss, classes=not is_of_numbers(loss))
    assert str(loss) in chosen
    assert ("has no objective for" in chosen) == (estimator not in loss.follows and ":" not in estimator)
    own = objective("xgboost", {"objective": "reg:logistic"}, loss, classes=False)
    assert own.startswith("xgboost minimizes reg:logistic, as training.params has it")


@pytest.mark.parametrize("loss", losses(of_numbers=True), ids=str)
def test_scikit_learn_boosting_follows_too(loss: Loss) -> None:
    """HistGradientBoostingRegressor gets the parameters of the loss, and the parameters of the config go before."""
    frame, target = skewed()
    settings = SETTINGS.model_copy(
        update={"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 5}}
    )
    few = slice(0, 600)
    target = target + 0.1 if loss.above else target
    fitted = fit(frame[few], target[few], ["level"], [], "regression", settings, loss=loss)
    expected = {"loss": "squared_error", **loss.boosting()}
    assert expected.items() <= fitted.estimator[-1].get_params().items()
    own = settings.model_copy(update={"params": {"max_iter": 5, "loss": "poisson"}})
    again = fit(frame[few], target[few], ["level"], [], "regression", own, loss=loss)
    assert again.estimator[-1].get_params()["loss"] == "poisson"
