"""Laws of the leak finder: copies of the target are found in every disguise, honest features are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.training.features import learn_features
from driftloop.pipelines.training.leaks import find_leaks

N = 4000
generator = np.random.default_rng(5)
NOISE = generator.normal(size=N)
NUMBER = generator.exponential(100, size=N)
CLASS = generator.choice(["a", "b"], N, p=[0.9, 0.1])
THREE = generator.choice(["a", "b", "c"], N)
PLACE = pd.factorize(THREE, sort=True)[0]


def leaks_of(column: Any, target: Any, task: Any, threshold: float = 0.999) -> tuple[str, ...]:
    numeric = np.asarray(column).dtype.kind == "f"
    frame = pd.DataFrame({"x": pd.Series(column, dtype=float if numeric else object)})
    features = learn_features(frame, ["x"] if numeric else [], [] if numeric else ["x"], 100)
    return find_leaks(frame, pd.Series(target), features, task=task, threshold=threshold)


GAPS = np.where(np.arange(N) % 3 == 0, np.nan, NUMBER)
ROUNDED = np.round(np.minimum(NUMBER, 300), -1)
LEAKS = {
    "the target itself": (NUMBER, NUMBER, "regression"),
    "its logarithm": (np.log(NUMBER), NUMBER, "regression"),
    "its negative, with little noise": (-NUMBER + 0.5 * NOISE, NUMBER, "regression"),
    "the target with gaps": (GAPS, NUMBER, "regression"),
    "the target near the largest float": (NUMBER * 1e303, NUMBER, "regression"),
    "a category that is the rounded target": (ROUNDED.astype(str), ROUNDED, "regression"),
    "a code in no order": (np.array([7.0, 2.0, 5.0])[PLACE], np.array([1.0, 2.0, 9.0])[PLACE], "regression"),
    "a number apart for each class": ((CLASS == "b") * 10.0 + 0.5 * np.tanh(NOISE), CLASS, "binary"),
    "a number that is there for one class only": (np.where(CLASS == "b", NOISE, np.nan), CLASS, "binary"),
    "a category that is the class": (np.char.upper(CLASS), CLASS, "binary"),
    "numbers apart for three classes": (PLACE * 10.0 + 0.5 * np.tanh(NOISE), THREE, "multiclass"),
    "a finer category": (np.char.add(THREE, (np.arange(N) % 4).astype(str)), THREE, "multiclass"),
}
HONEST = {
    "a correlation of .99": (NUMBER + 0.14 * NUMBER.std() * NOISE, NUMBER, "regression"),
    "noise": (NOISE, NUMBER, "regression"),
    "an outlier shared": (np.r_[NOISE[1:], 1e9], np.r_[NUMBER[1:], 1e9], "regression"),
    "unique names": (np.arange(N).astype(str), NUMBER, "regression"),
    "unique names for classes": (np.arange(N).astype(str), CLASS, "binary"),
    "nothing at all": (np.full(N, np.nan), NUMBER, "regression"),
    "a constant": (np.full(N, 1.0), CLASS, "binary"),
    "one class of three apart": ((THREE == "a") * 10.0 + NOISE, THREE, "multiclass"),
    "a good feature for a rare class": ((CLASS == "b") * 3.0 + NOISE, CLASS, "binary"),
    "a good category": (np.where(np.arange(N) % 50 == 0, "?", CLASS), CLASS, "binary"),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_disguised_target_is_found(case: str) -> None:
    """A feature that alone predicts the target is named."""
    assert leaks_of(*LEAKS[case]) == ("x",)


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_feature_is_left_unchanged(case: str) -> None:
    """A feature that helps, however much, or that only looks unique, is not a leak."""
    assert leaks_of(*HONEST[case]) == ()


def test_a_lower_threshold_finds_no_less() -> None:
    """What is a leak at a high threshold is one at every lower one."""
    column = NUMBER + 0.14 * NUMBER.std() * NOISE
    found = [bool(leaks_of(column, NUMBER, "regression", t)) for t in (0.6, 0.9, 0.98, 0.999, 1.0)]
    assert found == [True, True, True, False, False]


def test_a_handful_of_rows_proves_nothing() -> None:
    """In few rows, or for a class of few rows, chance can predict everything: no leak is claimed."""
    assert leaks_of(NUMBER[:29], NUMBER[:29], "regression") == ()
    rare = np.where(np.arange(N) < 9, "b", "a")
    assert leaks_of((rare == "b") * 1.0 + NOISE * 0.01, rare, "binary") == ()


def test_many_rows_are_sampled_always_alike(make_rows: Callable[..., pd.DataFrame]) -> None:
    """Past 20,000 rows the answer stays the same and names every leak, in the order of the features."""
    rows = make_rows(60_000)
    rows["copy"], rows["echo"] = rows["number"] * 2, rows["number"] ** 3
    features = learn_features(rows, ["echo", "size", "copy"], ["kind"], 100)
    found = [find_leaks(rows, rows["number"], features, task="regression", threshold=0.999) for _ in range(2)]
    assert found == [("echo", "copy")] * 2
