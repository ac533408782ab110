"""Laws that hold for every registered loss: a new one is tried by them as soon as it is in the union."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring import losses as package
from driftloop.monitoring.errors import UnknownLoss
from driftloop.monitoring.losses import LOSSES, Loss, fitting, named
from driftloop.monitoring.records import loss_title
from driftloop.monitoring.tasks import TASKS
from tests.every_loss import REQUIRED, example, is_of_numbers, losses
from tests.judged import monitored

# Labels and predictions that are admissible everywhere: positive, skewed, with some zeros among the labels.
NUMBERS = np.where(np.arange(600) % 9 == 0, 0.0, np.random.default_rng(0).lognormal(1, 1, 600))
PREDICTED = np.random.default_rng(1).lognormal(1, 1, 600)
NAMES = np.array(["a"] * 300 + ["b"] * 180 + ["c"] * 120, dtype=object)


def labels(loss: Loss, k: int) -> tuple[np.ndarray, list[str]]:
    if is_of_numbers(loss):
        return (NUMBERS[loss.lowest < NUMBERS] if loss.above else NUMBERS), []
    return NAMES["abcd"[k] > NAMES], list("abc"[:k])


def guesses(loss: Loss, k: int, rows: int) -> np.ndarray:
    return PREDICTED[:rows] if is_of_numbers(loss) else np.random.default_rng(k).dirichlet(np.ones(k), rows)


def truth(loss: Loss, target: np.ndarray, classes: list[str]) -> np.ndarray:
    """The predictions of a model that is always right."""
    return target if is_of_numbers(loss) else (target[:, None] == np.array(classes)[None, :]).astype(float)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("loss", losses(), ids=str)
def test_no_row_loses_less_than_nothing_and_the_truth_nothing(loss: Loss, k: int) -> None:
    """Losses are finite and never negative, and a perfect prediction loses nothing, in one number a row."""
    target, classes = labels(loss, k)
    lost = loss.rows(target, guesses(loss, k, len(target)), classes)
    assert lost.shape == (len(target),)
    assert np.isfinite(lost).all()
    assert (lost >= 0).all()
    assert lost.max() > 0
    assert loss.rows(target, truth(loss, target, classes), classes) == pytest.approx(np.zeros(len(target)), abs=1e-9)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("loss", losses(), ids=str)
def test_a_row_is_lost_alone(loss: Loss, k: int) -> None:
    """What a row loses depends on no other row: losses may be counted piece by piece and in any order."""
    target, classes = labels(loss, k)
    predicted = guesses(loss, k, len(target))
    order = np.random.default_rng(2).permutation(len(target))[:100]
    whole = loss.rows(target, predicted, classes)
    assert loss.rows(target[order], predicted[order], classes).tolist() == whole[order].tolist()
    assert loss.rows(target[:0], predicted[:0], classes).shape == (0,)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("loss", losses(), ids=str)
def test_no_other_constant_is_better(loss: Loss, k: int) -> None:
    """The best constant beats 50 others, those right next to it and those far away."""
    target, classes = labels(loss, k)
    best = loss.best(target, classes)
    assert best.shape == (() if is_of_numbers(loss) else (k,))
    generator = np.random.default_rng(3)
    if is_of_numbers(loss):
        near, far = best + np.linspace(-0.1, 0.1, 10), generator.choice(PREDICTED, 40)
    else:
        far = generator.dirichlet(np.ones(k), 40)
        near = 0.9 * best + 0.1 * far[:10]

    def mean(constant: Any) -> float:
        shape = (len(target),) if is_of_numbers(loss) else (len(target), k)
        return float(loss.rows(target, np.broadcast_to(constant, shape), classes).mean())

    assert all(mean(best) <= mean(other) + 1e-12 for other in [*near, *far])
    assert mean(best) < max(mean(other) for other in far)


@pytest.mark.parametrize("loss", losses(), ids=str)
def test_a_record_brings_the_loss_back(loss: Loss) -> None:
    """The name under which records keep a loss holds its parameters; the name in texts is the same or its beginning."""
    assert named(loss.name) == loss
    assert str(loss) == loss_title(loss.name)
    assert loss.name.startswith(str(loss))
    assert "=" not in loss.name


@pytest.mark.parametrize("name", ["auc", "", "mae(2)", "mse(", "MAE", "Mae"])
def test_an_unknown_loss_is_refused(name: str) -> None:
    """A name that is not registered, or parameters that a loss does not have, never give numbers."""
    with pytest.raises(UnknownLoss, match="there is no loss") as raised:
        named(name)
    assert all(repr(one) in raised.value.expected for one in LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_a_config_takes_it_for_its_tasks_alone(name: str) -> None:
    """A loss may be named for the tasks that it fits, and for no other one."""
    for task in TASKS:
        if task in LOSSES[name].tasks:
            given = {"loss": name, **REQUIRED.get(name, {})}
            assert monitored(task=task, performance=given).loss == example(name)
            assert name in fitting(task)
        else:
            with pytest.raises(ValueError, match=f"a loss that fits task {task}: one of '{fitting(task)[0]}'"):
                monitored(task=task, performance={"loss": name, **REQUIRED.get(name, {})})
            assert name not in fitting(task)


@pytest.mark.parametrize("name", LOSSES)
def test_it_is_documented(name: str) -> None:
    """The page of the config has every loss, with its unit and its best constant."""
    page = (Path(__file__).parents[3] / "docs" / "config.md").read_text("utf-8")
    kind = LOSSES[name]
    assert f"### `{name}`\n" in page
    assert f"Unit: {kind.unit}. Best constant: {kind.constant}." in page
    assert f"{' and '.join(sorted(kind.tasks))}. Unit" in page


def test_losses_do_not_import_each_other() -> None:
    """One file a loss: what two of them need is in the base."""
    folder = Path(next(iter(package.__path__)))
    files = {kind.__module__.rpartition(".")[2] for kind in LOSSES.values()}
    for name in files:
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        used = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {module.rpartition(".")[2] for module in used} & files


def test_reading_a_config_loads_no_numbers() -> None:
    """The losses come with the config, and numpy does not."""
    code = "import sys, driftloop.monitoring.config; print('numpy' in sys.modules, 'pandas' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("loss", losses(), ids=str)
def test_whole_weights_repeat_rows(loss: Loss, k: int) -> None:
    """The loss and the best constant under whole weights are those of rows repeated as often."""
    target, classes = labels(loss, k)
    predicted = guesses(loss, k, len(target))
    weights = np.random.default_rng(4).integers(1, 5, len(target))
    by = weights.astype(float)
    lost = loss.rows(target, predicted, classes)
    repeated, many = np.repeat(target, weights), np.repeat(lost, weights)
    assert loss.whole(lost, target, by).mean() == pytest.approx(loss.whole(many, repeated).mean())
    assert np.average(loss.parts(lost, target, by), weights=by) == pytest.approx(loss.whole(many, repeated).mean())
    best, expected = loss.best(target, classes, by), loss.best(repeated, classes)

    def mean(constant: Any) -> float:
        shape = (len(repeated),) if is_of_numbers(loss) else (len(repeated), k)
        return float(loss.whole(loss.rows(repeated, np.broadcast_to(constant, shape), classes), repeated).mean())

    # The search of a custom loss looks at 2,000 labels at most, evenly spaced by rank.
    assert mean(best) == pytest.approx(mean(expected), rel=1e-3 if loss.loss == "custom" else 1e-9)


@pytest.mark.parametrize("loss", losses(), ids=str)
def test_a_row_with_an_infinite_loss_and_little_weight_is_not_hidden(loss: Loss) -> None:
    """A loss that is not finite makes the weighted loss not finite as well."""
    target, _ = labels(loss, 2)
    lost = np.append(np.ones(len(target) - 1), np.inf)
    weights = np.append(np.ones(len(target) - 1), 1e-9)
    assert not np.isfinite(loss.whole(lost, target, weights)).all()
