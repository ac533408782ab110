"""The cost of decisions: its arithmetic, the threshold that it implies, and what a config must not leave out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.cost_matrix import CostMatrix
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.fit import fit
from tests.judged import monitored

LOSS = CostMatrix(costs={"no": {"yes": 1}, "yes": {"no": 4}})
CLASSES = ("no", "yes")


def probabilities(second: list[float]) -> np.ndarray:
    return np.column_stack([1 - np.array(second), second])


def test_each_mistake_costs_what_the_config_sets() -> None:
    """A false alarm costs 1, a missed yes 4, a right decision nothing, and an unknown label as much as the worst."""
    target = np.array(["no", "no", "yes", "yes", "maybe"], dtype=object)
    lost = LOSS.rows(target, probabilities([0.1, 0.3, 0.1, 0.3, 0.3]), CLASSES)
    assert lost.tolist() == [0.0, 1.0, 4.0, 0.0, 4.0]


def test_the_threshold_follows_from_the_costs() -> None:
    """The class that is predicted changes at the threshold, and no other threshold costs less."""
    assert LOSS.threshold(CLASSES) == pytest.approx(0.2)
    assert LOSS.decide(probabilities([0.199, 0.201]), CLASSES).tolist() == [0, 1]
    generator = np.random.default_rng(0)
    second = generator.uniform(size=20_000)
    target = np.where(generator.uniform(size=20_000) < second, "yes", "no").astype(object)
    own = LOSS.rows(target, probabilities(second.tolist()), CLASSES).mean()

    def cost(threshold: float) -> float:
        decided = second > threshold
        return float((decided & (target == "no")).mean() + 4 * (~decided & (target == "yes")).mean())

    assert own == pytest.approx(cost(0.2))
    assert own < min(cost(0.1), cost(0.3), cost(0.5))


def test_of_three_classes_the_cheapest_is_predicted() -> None:
    """The decision is the class with the lowest expected cost, and not the most likely one."""
    costs = {"a": {"b": 1, "c": 1}, "b": {"a": 1, "c": 1}, "c": {"a": 10, "b": 1}}
    loss = CostMatrix(costs=costs)
    assert loss.decide(np.array([[0.5, 0.3, 0.2], [0.9, 0.09, 0.01]]), ("a", "b", "c")).tolist() == [1, 0]
    assert loss.threshold(("a", "b", "c")) is None


def test_its_record_is_its_costs() -> None:
    """Records keep the costs in whatever order they are written; texts have the name alone."""
    other = CostMatrix(costs={"yes": {"no": 4}, "no": {"yes": 1}})
    assert other.name == LOSS.name == 'cost_matrix({"no":{"yes":1.0},"yes":{"no":4.0}})'
    strange = CostMatrix(costs={"a, (b)": {"c:d": 1}, "c:d": {"a, (b)": 2}})
    assert named(strange.name) == strange
    assert str(strange) == "cost_matrix"


def test_whole_numbers_are_names() -> None:
    """Classes 0 and 1 need no quotes in a YAML."""
    assert CostMatrix.model_validate({"costs": {0: {1: 1}, 1: {0: 5}}}).costs == {"0": {"1": 1.0}, "1": {"0": 5.0}}


@pytest.mark.parametrize(
    ("costs", "found"),
    [
        ({"a": {"b": 1, "c": 1}, "b": {"a": 1, "c": 1}}, "no cost of taking 'c' for 'a', 'b'"),
        ({"a": {"b": 1}, "b": {"a": 1, "c": 1}}, "no cost of taking 'a' for 'c'"),
        ({"a": {"a": 2, "b": 1}, "b": {"a": 1}}, "2"),
        ({"a": {"b": 0}, "b": {"a": 0}}, "nothing but zeros"),
    ],
)
def test_an_incomplete_matrix_is_refused(costs: dict[str, dict[str, float]], found: str) -> None:
    """A class without a cost, a right class that costs, and a matrix of zeros are found in the config."""
    with pytest.raises(ValueError, match=found.replace("'", ".")):
        monitored(task="multiclass", performance={"loss": "cost_matrix", "costs": costs})


def test_labels_without_a_cost_are_refused() -> None:
    """A training whose labels have a class that the matrix does not name ends before it is fitted."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"a": generator.normal(size=600)})
    target = pd.Series(np.where(frame["a"] > 0, "yes", np.where(frame["a"] > -1, "no", "never")))
    settings = Training.model_validate({"window": "7d", "estimator": "linear"})
    with pytest.raises(TrainingImpossible, match=r"'never', for which performance\.costs has no cost") as raised:
        fit(frame, target, ["a"], [], "multiclass", settings, loss=LOSS)
    assert raised.value.code == "labels_not_allowed"
