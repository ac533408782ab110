"""Laws that hold for every registered metric, each compared with scikit-learn: a new one is tried by them."""

from __future__ import annotations

import ast
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from driftloop.monitoring import metrics as package
from driftloop.monitoring.errors import ValidationProblem
from driftloop.monitoring.metrics import DEFAULTS, METRICS, Metric, Pairs, fitting, named
from driftloop.monitoring.metrics.measuring import calibration, confusion, joined, measure, pairs_of
from driftloop.monitoring.records import worsening
from driftloop.monitoring.tasks import TASKS
from tests.judged import monitored

N = 900
NAMES = ("a", "b", "c")
FURTHER = ("precision(0.3)", "recall(0.7)", "f1(0.2)", "balanced_accuracy(0.4)", "calibration_error(5)")
EVERY = [*METRICS, *FURTHER]
METRICS_OF_NUMBERS = [named(name) for name in ("rmse", "r2", "mape", "bias")]


def numbers(seed: int = 0, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    target = generator.lognormal(1, 1, N)
    return target, target + generator.normal(0.1, 2 / skill, N)


def classes(k: int, seed: int = 0, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities with ties that know something of them."""
    generator = np.random.default_rng(seed)
    target = generator.choice(NAMES[:k], N, p=[0.6, 0.4] if k == 2 else [0.6, 0.3, 0.1])
    logits = generator.normal(size=(N, k)) + skill * (target[:, None] == np.array(NAMES[:k])[None, :])
    powers = np.exp(logits)
    predicted = (powers / powers.sum(axis=1, keepdims=True)).round(2)
    predicted[:, -1] = 1 - predicted[:, :-1].sum(axis=1)
    return target.astype(object), predicted


def pairs(metric: Metric, k: int = 2, seed: int = 0, skill: float = 1.0) -> Pairs:
    if metric.fits("regression"):
        return pairs_of(*numbers(seed, skill), ())
    target, predicted = classes(k, seed, skill)
    return pairs_of(target, predicted, NAMES[:k], predicted.argmax(axis=1))


def binned_error(target: np.ndarray, score: np.ndarray, bins: int) -> float:
    share, mean = calibration_curve(target, score, n_bins=bins)
    rows, _ = np.histogram(score, bins=np.linspace(0, 1, bins + 1))
    # The curve leaves empty bins out, and puts a score at an inner edge into the bin below.
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], score)
    rows = np.bincount(place, minlength=bins)
    return float((np.abs(share - mean) * rows[rows > 0]).sum() / rows.sum())


Theirs = Callable[[np.ndarray, np.ndarray], float]
OF_NUMBERS: dict[str, Theirs] = {
    "rmse": theirs.root_mean_squared_error,
    "r2": theirs.r2_score,
    "mape": theirs.mean_absolute_percentage_error,
    "bias": lambda target, predicted: float((predicted - target).mean()),
}
OF_TWO: dict[str, Theirs] = {
    "roc_auc": theirs.roc_auc_score,
    "pr_auc": theirs.average_precision_score,
    "precision": lambda t, s: theirs.precision_score(t, s > 0.5),
    "recall": lambda t, s: theirs.recall_score(t, s > 0.5),
    "f1": lambda t, s: theirs.f1_score(t, s > 0.5),
    "balanced_accuracy": lambda t, s: theirs.balanced_accuracy_score(t, s > 0.5),
    "calibration_error": lambda t, s: binned_error(t, s, 10),
    "precision(0.3)": lambda t, s: theirs.precision_score(t, s >= 0.3),
    "recall(0.7)": lambda t, s: theirs.recall_score(t, s >= 0.7),
    "f1(0.2)": lambda t, s: theirs.f1_score(t, s >= 0.2),
    "balanced_accuracy(0.4)": lambda t, s: theirs.balanced_accuracy_score(t, s >= 0.4),
    "calibration_error(5)": lambda t, s: binned_error(t, s, 5),
}
OF_MANY: dict[str, Theirs] = {
    "precision": lambda t, d: theirs.precision_score(t, d, average="macro"),
    "recall": lambda t, d: theirs.recall_score(t, d, average="macro"),
    "f1": lambda t, d: theirs.f1_score(t, d, average="macro"),
    "balanced_accuracy": theirs.balanced_accuracy_score,
}


@pytest.mark.parametrize("name", EVERY)
def test_every_metric_is_compared(name: str) -> None:
    """No metric is registered without its counterpart in scikit-learn."""
    assert name in {**OF_NUMBERS, **OF_TWO}


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_metrics_of_numbers_are_those_of_scikit_learn(name: str, seed: int) -> None:
    """The value is that of scikit-learn's function of that name."""
    target, predicted = numbers(seed)
    assert named(name).value(pairs_of(target, predicted, ())) == pytest.approx(OF_NUMBERS[name](target, predicted))


@pytest.mark.parametrize("name", OF_TWO)
@pytest.mark.parametrize("seed", [0, 1])
def test_metrics_of_two_classes_are_those_of_scikit_learn(name: str, seed: int) -> None:
    """The value is that of scikit-learn's function of the second class, with ties among the scores."""
    target, predicted = classes(2, seed)
    expected = OF_TWO[name]((target == "b").astype(int), predicted[:, 1])
    assert named(name).value(pairs(named(name), 2, seed)) == pytest.approx(expected)


@pytest.mark.parametrize("name", OF_MANY)
def test_metrics_of_many_classes_are_those_of_scikit_learn(name: str) -> None:
    """The value is the mean over the classes; a label that the model does not know is right for none."""
    target, predicted = classes(3)
    decided = np.array(NAMES)[predicted.argmax(axis=1)]
    assert named(name).value(pairs(named(name), 3)) == pytest.approx(OF_MANY[name](target.astype(str), decided))
    target[:50] = "new"
    strange = pairs_of(target, predicted, NAMES, predicted.argmax(axis=1))
    assert named(name).value(strange) < named(name).value(pairs(named(name), 3))


def test_calibration_of_many_classes_is_that_of_the_predicted_one() -> None:
    """Of many classes the probability of the predicted one is compared with how often it is right."""
    target, predicted = classes(3)
    top = predicted.max(axis=1)
    right = (np.array(NAMES)[predicted.argmax(axis=1)] == target).astype(int)
    metric = named("calibration_error")
    assert metric.value(pairs(metric, 3)) == pytest.approx(binned_error(right, top, 10))


def weighted(some: Pairs, weights: np.ndarray) -> Pairs:
    return replace(some, weights=weights.astype(float))


def repeated(some: Pairs, weights: np.ndarray) -> Pairs:
    return some.at(np.repeat(np.arange(len(some)), weights))


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("name", EVERY)
def test_whole_weights_repeat_rows(name: str, k: int) -> None:
    """The value under whole weights is that of rows repeated as often; so are confusion matrix and calibration."""
    metric = named(name)
    if k == 3 and not metric.fits("multiclass"):
        return
    some, weights = pairs(metric, k), np.random.default_rng(5).integers(1, 5, N)
    by, many = weighted(some, weights), repeated(some, weights)
    assert metric.value(by) == pytest.approx(metric.value(many))
    assert metric.value(weighted(some, weights * 8)) == pytest.approx(metric.value(many))
    if some.classes:
        assert np.array(confusion(by).counts) == pytest.approx(np.array(confusion(many).counts))
        for one, other in zip(calibration(by), calibration(many), strict=True):
            assert (one.rows, one.predicted, one.observed) == pytest.approx(
                (other.rows, other.predicted, other.observed)
            )


@pytest.mark.parametrize("name", EVERY)
def test_weights_have_intervals(name: str) -> None:
    """The interval under weights is around the value and wider where few rows decide."""
    metric, generator = named(name), np.random.default_rng(6)
    some = pairs(metric)
    wide = np.mean([width(metric, weighted(some, generator.lognormal(0, 1.5, N))) for _ in range(20)])
    even = np.mean([width(metric, weighted(some, generator.uniform(0.9, 1.1, N))) for _ in range(20)])
    assert wide > even > 0


def width(metric: Metric, some: Pairs) -> float:
    (found,) = measure([metric], some)
    low, value, high = (math.nan if end is None else end for end in (found.low, found.value, found.high))
    assert low <= value <= high
    return high - low


def test_parts_are_joined_under_one_unit() -> None:
    """Weights of all parts together have a mean of 1; equal ones are none, and the result is that without them."""
    target, predicted = numbers()
    halves = [slice(0, 300), slice(300, N)]
    for by in (np.full(N, 3.0), np.arange(1.0, N + 1)):
        whole = joined([pairs_of(target[at], predicted[at], (), None, by[at]) for at in halves], None)
        plain = joined([pairs_of(target[at], predicted[at], ()) for at in halves], None)
        assert (whole.weights is None) == (by[0] == by[1])
        assert (measure(METRICS_OF_NUMBERS, whole) == measure(METRICS_OF_NUMBERS, plain)) == (by[0] == by[1])
        assert whole.weights is None or whole.weights.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("name", EVERY)
def test_sums_of_blocks_add_up(name: str) -> None:
    """The value of the summed blocks is the value of all rows, up to the bins of ranked scores."""
    metric = named(name)
    some = pairs(metric)
    for starts in (np.array([0]), np.array([0, 100, 101, 500])):
        sums = metric.sums(some, starts).sum(axis=0, keepdims=True)
        assert metric.of_sums(sums)[0] == pytest.approx(metric.value(some), rel=0.01)


@pytest.mark.parametrize("name", EVERY)
def test_a_better_model_has_a_better_value(name: str) -> None:
    """The direction is right: with more skill the metric gets better, inside of its range."""
    metric = named(name)
    if metric.better == "zero" or metric.metric == "calibration_error":
        return  # neither follows from the skill
    weak, strong = (metric.value(pairs(metric, skill=skill)) for skill in (0.5, 4.0))
    assert worsening(metric.better, weak, strong) > 0
    assert all(metric.low <= value <= metric.high for value in (weak, strong))


@pytest.mark.parametrize("name", EVERY)
def test_the_interval_holds_the_value(name: str) -> None:
    """The interval is around the value, does not leave the range, and is the same each time."""
    metric = named(name)
    (found,) = measure([metric], pairs(metric))
    low, value, high = (math.nan if end is None else end for end in (found.low, found.value, found.high))
    assert metric.low <= low <= value <= high <= metric.high
    assert low < high
    assert measure([metric], pairs(metric)) == (found,)


@pytest.mark.parametrize("name", EVERY)
def test_a_name_brings_the_metric_back(name: str) -> None:
    """Records keep a metric by its name, with its parameters; a config reads the name and the section alike."""
    metric = named(name)
    assert metric.name == name
    task = next(task for task in TASKS if metric.fits(task))
    short, long = (monitored(task=task, metrics=[given]).metrics for given in (name, metric.model_dump()))
    assert short == long == (metric,)


@pytest.mark.parametrize("name", METRICS)
def test_it_is_documented(name: str) -> None:
    """The page of the config has every metric, with its direction and its tasks."""
    page = (Path(__file__).parents[3] / "docs" / "config.md").read_text("utf-8")
    assert f"### `{name}`\n" in page
    assert f"For {' and '.join(sorted(METRICS[name].tasks))}." in page


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_metrics(task: Any) -> None:
    """Without a word some metrics are measured; those of another task are refused, with what would fit."""
    assert [metric.name for metric in monitored(task=task).measured] == list(DEFAULTS[task])
    assert monitored(task=task, metrics=[]).measured == ()
    for name in METRICS:
        if name not in fitting(task):
            with pytest.raises(ValueError, match=f"a metric that fits task {task}: one of '{fitting(task)[0]}'"):
                monitored(task=task, metrics=[name])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["roc_aux"], "no metric 'roc_aux'"),
        ([{"metric": "precision", "threshold": 1.5}], "threshold"),
        (["precision(0.3, 2)"], "without parentheses"),
        ([{"metric": "rmse", "threshold": 0.5}], "threshold"),
    ],
)
def test_a_wrong_metric_is_refused(given: Any, found: str) -> None:
    """A name that is not registered, or a parameter out of range, is found in the config."""
    with pytest.raises(ValueError, match=found):
        monitored(task="binary", metrics=given)


def test_a_threshold_needs_two_classes() -> None:
    """Of many classes there is no probability that one threshold could cut."""
    assert monitored(task="multiclass", metrics=["precision"]).measured
    with pytest.raises(ValueError, match="precision without threshold"):
        monitored(task="multiclass", metrics=["precision(0.3)"])
    with pytest.raises(ValidationProblem, match="expected a metric with valid parameters"):
        named("precision(2)")


ONE_CLASS = pairs_of(np.array(["a"] * 40, dtype=object), np.tile([0.7, 0.3], (40, 1)), ("a", "b"), np.zeros(40, int))
FLAT = pairs_of(np.full(40, 3.0), np.linspace(2, 4, 40), ())
ZEROS = pairs_of(np.array([0.0, 1.0] * 20), np.ones(40), ())
NOTHING = pairs_of(np.empty(0), np.empty(0), ())
INFINITE = pairs_of(np.ones(40), np.full(40, math.inf), ())


@pytest.mark.parametrize(
    ("name", "some", "reason"),
    [
        ("roc_auc", ONE_CLASS, "all 40 labels are other than 'b'"),
        ("pr_auc", ONE_CLASS, "all 40 labels are other than 'b'"),
        ("balanced_accuracy", ONE_CLASS, "all 40 labels are of one class, 'a'"),
        ("recall", ONE_CLASS, "none of 40 labels is 'b'"),
        ("f1", ONE_CLASS, "none of 40 labels is 'b'"),
        ("precision", ONE_CLASS, "none of 40 rows is predicted as 'b'"),
        ("r2", FLAT, "all 40 labels are 3, so there is no variance to explain"),
        ("mape", ZEROS, "20 of 40 labels are 0, by which it divides"),
        ("rmse", NOTHING, "no labeled rows"),
        ("rmse", INFINITE, "40 predictions are not finite"),
    ],
)
def test_what_cannot_be_computed_gives_the_reason(name: str, some: Pairs, reason: str) -> None:
    """One class, labels without variance or equal to zero, and no rows give a reason in place of a number."""
    (found,) = measure([named(name)], some, {name: 0.5})
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
    assert (found.reference, found.decline, found.significant) == (0.5, None, False)


def test_metrics_do_not_import_each_other() -> None:
    """One file a metric: what two of them need is elsewhere."""
    folder = Path(next(iter(package.__path__)))
    files = {kind.__module__.rpartition(".")[2] for kind in METRICS.values()}
    for name in files:
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        used = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {module.rpartition(".")[2] for module in used} & files


def test_reading_a_config_loads_no_numbers() -> None:
    """The metrics come with the config, and numpy does not."""
    code = "import sys, driftloop.monitoring.metrics; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]
