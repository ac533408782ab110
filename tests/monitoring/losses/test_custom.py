"""A loss by a function of the user: found, checked, and usable wherever a loss is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import LossRaised, LossUnusable
from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.custom import Custom
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.fit import fit
from tests.judged import monitored

TARGET, PREDICTED = np.array([1.0, 2.0, 0.0]), np.array([2.0, 0.0, 0.5])


def custom(name: str) -> Custom:
    return Custom(function=f"tests.custom_losses:{name}")


def test_a_config_names_it_in_short() -> None:
    """`{loss: module:function}` is the loss custom with that function, and so is the long form."""
    short = monitored(performance={"loss": "tests.custom_losses:squared"})
    assert short.loss == custom("squared") == monitored(performance=short.loss.model_dump()).loss
    assert named("tests.custom_losses:squared") == short.loss
    assert str(short.loss) == "tests.custom_losses:squared"


@pytest.mark.parametrize("given", ["mine:", ":cost", "my module:cost", "mine:cost()", "a:b:c"])
def test_no_function_is_refused(given: str) -> None:
    """What cannot be a module and a function is found in the config."""
    with pytest.raises(ValueError, match="module:function, such as mylosses:asymmetric"):
        monitored(performance={"loss": given})


def test_it_gives_the_loss_of_rows() -> None:
    """Numbers come from target and predicted; of classes a function may take the names of the classes as well."""
    assert custom("asymmetric").rows(TARGET, PREDICTED).tolist() == [1.0, 6.0, 0.5]
    target = np.array(["no", "yes"], dtype=object)
    predicted = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert custom("missed").rows(target, predicted, ("no", "yes")) == pytest.approx([0.01, 0.64])
    assert custom("second").rows(target, predicted, ("no", "yes")) == pytest.approx([0.01, 0.64])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mean", r"it returned shape \(\) for 3 rows"),
        ("score", "the loss of 3 of 3 rows is negative, the least being -2"),
        ("infinite", "the loss of 1 of 3 rows is not finite"),
        ("words", "it returned list, which is not an array of numbers"),
        ("squard", "has no function 'squard'"),
    ],
)
def test_a_wrong_answer_is_an_error(name: str, found: str) -> None:
    """Another shape, a negative or infinite loss, or no function at all never becomes a number."""
    with pytest.raises(LossUnusable, match=found) as raised:
        custom(name).rows(TARGET, PREDICTED)
    assert raised.value.remedy
    if name == "squard":
        assert "squared" in raised.value.remedy


def test_a_module_that_is_not_there_is_an_error() -> None:
    """The error names the module and why it cannot be imported."""
    with pytest.raises(LossUnusable, match="'nowhere' cannot be imported: ModuleNotFoundError"):
        Custom(function="nowhere:cost").rows(TARGET, PREDICTED)


def test_what_it_raises_is_kept() -> None:
    """An error in the function names it, and its traceback begins in the function."""
    with pytest.raises(LossRaised, match="it raised KeyError: 'tariff'") as raised:
        custom("raises").rows(TARGET, PREDICTED)
    assert 'raise KeyError("tariff")' in raised.value.traceback
    assert "in rows" not in raised.value.traceback


def test_its_best_constant_is_found() -> None:
    """The search finds the mean for squares, the upper quartile where too low costs three times, and class shares."""
    numbers = np.random.default_rng(0).exponential(size=5001)
    assert custom("squared").best(numbers) == pytest.approx(numbers.mean(), rel=0.01)
    assert custom("asymmetric").best(numbers) == pytest.approx(np.quantile(numbers, 0.75), rel=0.01)
    names = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 10, dtype=object)
    assert naive_losses([1.0, 2.0, 9.0], [2.0], custom("squared")).tolist() == pytest.approx([4.0])
    found = custom("missed").best(names, ("a", "b", "c"))

    def mean(shares: np.ndarray) -> float:
        return float(custom("missed").rows(names, np.tile(shares, (100, 1)), ("a", "b", "c")).mean())

    assert found.sum() == pytest.approx(1)
    assert mean(found) <= min(mean(np.random.default_rng(at).dirichlet(np.ones(3))) for at in range(50))
    assert naive_losses(["no", "yes", "no"], ["yes"], custom("second")).shape == (1,)


def test_trees_stop_by_it() -> None:
    """Early stopping watches the function itself, for numbers and for classes, and beats the best constant."""
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.normal(size=(900, 2)), columns=["a", "b"])
    numbers = 3 * frame["a"] + generator.normal(size=900)
    names = pd.Series(np.where(numbers > 0, "yes", "no"))
    settings = Training.model_validate({"window": "7d", "estimator": "xgboost", "threads": 1})
    tried: list[tuple[Custom, pd.Series, Task]] = [
        (custom("asymmetric"), numbers, "regression"),
        (custom("missed"), names, "binary"),
        (custom("second"), names, "multiclass"),
    ]
    for loss, target, task in tried:
        old, new = slice(0, 600), slice(600, 900)
        scorer = fit(frame[old], target[old], ["a", "b"], [], task, settings, loss=loss)
        assert 1 <= (scorer.recipe.trees or 0) < 1000
        lost = loss.rows(target[new].to_numpy(), scorer.predict(frame[new]), scorer.classes).mean()
        assert lost < 0.7 * naive_losses(target[old], target[new], loss).mean()
