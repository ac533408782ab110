"""Task types in training: laws for every one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.utils.multiclass import type_of_target

from driftloop.monitoring.losses import named
from driftloop.monitoring.tasks import TASKS, Task
from driftloop.pipelines.training.tasks import TRAININGS

N = 400
X = np.random.default_rng(0).normal(size=N)
LABELS = {
    "regression": pd.Series(X * 3 + 0.25),
    "binary": pd.Series(np.where(X > 0, "yes", "no"), dtype=object),
    "multiclass": pd.Series(np.select([X < -0.5, X < 0.5], ["low", "middle"], "high"), dtype=object),
}


def test_every_task_has_its_training() -> None:
    """The two halves of a task have the same name."""
    assert tuple(TRAININGS) == tuple(TASKS)
    assert all(TRAININGS[name].type is TASKS[name] for name in TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_what_it_fits_with_is_of_its_kind(task: Task) -> None:
    """The linear model and xgboost's class are estimators that the task takes, those of the other kind are not."""
    training = TRAININGS[task]
    linear = training.linear(named(TASKS[task].default_loss), N)
    assert training.fits(linear)
    assert training.fits(getattr(xgboost, training.xgboost)())
    others = [one for one in TRAININGS.values() if one.type.has_classes != training.type.has_classes]
    assert others
    assert not any(other.fits(linear) for other in others)


@pytest.mark.parametrize("task", TASKS)
def test_labels_come_as_a_fit_needs_them(task: Task) -> None:
    """Missing labels are none; the others are floats or text, of the type that scikit-learn takes them for."""
    training, labels = TRAININGS[task], LABELS[task]
    known = training.labelled(pd.concat([labels, pd.Series([None], dtype=labels.dtype)]))
    assert known.tolist() == [True] * N + [False]
    typed = training.typed(labels)
    classes = training.classes(typed)
    assert classes == (tuple(sorted(set(labels))) if TASKS[task].has_classes else ())
    assert training.impossible(typed, classes, trees=True) is None
    assert type_of_target(typed.to_numpy().astype(float if not classes else str)) == training.target_type


@pytest.mark.parametrize("task", TASKS)
def test_a_leak_is_seen_and_noise_is_not(task: Task) -> None:
    """A number that orders the labels, and a category that names them, predict all; noise predicts almost nothing."""
    training = TRAININGS[task]
    result, proving = training.truth(LABELS[task].to_numpy())
    halves = np.arange(len(result)) % 2 == 0
    assert training.predicted_by_number(X[proving], result) > 0.999
    noise = np.random.default_rng(1).normal(size=len(result))
    assert training.predicted_by_number(noise, result) < 0.7
    levels = pd.factorize(np.round(np.asarray(result, dtype=float)))[0].astype(np.intp)
    assert training.predicted_by_level(levels, result, halves) > 0.9
    assert training.predicted_by_level((np.arange(len(result)) % 3).astype(np.intp), result, halves) < 0.5


@pytest.mark.parametrize("task", TASKS)
def test_its_errors_are_drawn(task: Task, tmp_path: Path) -> None:
    """Each task has one picture of where a model errs."""
    training, labels = TRAININGS[task], LABELS[task]
    classes = training.classes(labels)
    message = np.eye(len(classes))[np.zeros(N, dtype=int)] if classes else np.zeros(N)
    training.draw(labels.to_numpy(), message, classes, tmp_path)
    (picture,) = tmp_path.iterdir()
    assert picture.stat().st_size > 5000
