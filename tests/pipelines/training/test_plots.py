"""Laws of the pictures: weights add up, and any data and any names can be drawn, from any thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.training.plots import confusion_plot, importance_plot, importances, residual_plot
from driftloop.pipelines.training.scorer import Scorer

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("name", ["xgboost", "RandomForest", "linear"])
def test_weights_add_up_and_are_ranked(name: str, task: str, rows: pd.DataFrame, fitted: Callable[..., Scorer]) -> None:
    """Each feature has one weight, in sum 1, largest first; the feature of no use comes last."""
    ending = "Regressor" if task == "regression" else "Classifier"
    linear = "Ridge" if task == "regression" else "LogisticRegression"
    estimator = {"RandomForest": f"sklearn.ensemble.RandomForest{ending}", "linear": f"sklearn.linear_model.{linear}"}
    params = {} if name == "linear" else {"n_estimators": 20}
    found = importances(fitted(rows, task, estimator.get(name, name), **params))
    assert set(found) == {"size", "age [d]", "kind"}
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert list(found)[-1] == "age [d]"


def test_an_estimator_without_weights_has_none(rows: pd.DataFrame, fitted: Callable[..., Scorer]) -> None:
    """Where the estimator reports nothing, nothing is made up."""
    assert importances(fitted(rows, "regression", "sklearn.ensemble.HistGradientBoostingRegressor", max_iter=5)) == {}


def test_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    """Dollar signs, underscores, braces and line breaks in names are text, not formulas."""
    names = [r"price_$", r"$\frac{", "$a_b$ and $", "two\nlines", "x" * 200, "", "größe_µ"]
    assert importance_plot(dict.fromkeys(names, 1 / 7), tmp_path / "a.png").read_bytes().startswith(PNG)
    predicted = np.eye(7)
    assert confusion_plot(names, predicted, tuple(names), tmp_path / "b.png").read_bytes().startswith(PNG)
    assert residual_plot([1.0], [2.0], tmp_path / "c.png", name=r"$\frac{").read_bytes().startswith(PNG)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [np.nan, 1.0], [np.inf, np.nan], [1e300, -1e300, 0.0]])
def test_any_numbers_can_be_drawn(values: list[float], tmp_path: Path) -> None:
    """Empty, constant, huge and broken values still give a picture."""
    assert residual_plot(values, values[::-1], tmp_path / "r.png").read_bytes().startswith(PNG)


def test_many_and_unknown_classes_can_be_drawn(tmp_path: Path) -> None:
    """Forty classes fit in, and so does a label that the model has never seen; no rows and no weights too."""
    classes = tuple(f"c{number:02}" for number in range(40))
    target = np.array([*classes, "unknown"], dtype=object)
    assert confusion_plot(target, np.eye(41)[:, :40], classes, tmp_path / "m.png").read_bytes().startswith(PNG)
    assert (
        confusion_plot(np.array(["z", None], dtype=object), np.eye(2), ("a", "b"), tmp_path / "u.png")
        .read_bytes()
        .startswith(PNG)
    )
    assert confusion_plot([], np.empty((0, 2)), ("a", "b"), tmp_path / "n.png").read_bytes().startswith(PNG)
    assert importance_plot({}, tmp_path / "w.png").read_bytes().startswith(PNG)


def test_threads_may_draw_together(tmp_path: Path) -> None:
    """Eight threads draw the same picture, byte for byte, and pyplot is never loaded."""
    values = np.random.default_rng(0).normal(size=(2, 500))
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    loaded = "matplotlib.pyplot" in sys.modules  # by another test of this process
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda path: residual_plot(values[0], values[1], path).read_bytes(), paths))
    assert len(set(drawn)) == 1
    assert ("matplotlib.pyplot" in sys.modules) == loaded
