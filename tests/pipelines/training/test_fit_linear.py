"""The linear model of the default field: bounded, complete, and weighed feature by feature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.training.plots import importances
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.storage import load, save
from tests.pipelines.training.conftest import TARGETS


@pytest.mark.parametrize("task", TARGETS)
def test_it_learns_scores_and_comes_back_to_the_last_bit(
    task: str, rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path
) -> None:
    """It beats the naive guess, every feature has a weight, and a stored one predicts the same."""
    scorer = fitted(rows, task, "linear")
    predicted, truth = scorer.predict(rows), rows[TARGETS[task]]
    if task == "regression":
        assert np.mean((predicted - truth) ** 2) < 0.7 * truth.var()
    else:
        wrong = np.mean(np.asarray(scorer.classes)[predicted.argmax(axis=1)] != truth)
        assert wrong < 0.8 * (1 - truth.value_counts(normalize=True).max())
    weights = importances(scorer)
    assert set(weights) == {"size", "age [d]", "kind"}
    assert weights["age [d]"] < min(weights["size"], weights["kind"])
    back = load(tmp_path, manifest=save(scorer, tmp_path))
    assert np.array_equal(back.predict(rows), predicted)


def test_it_draws_no_line_beyond_the_rows_it_was_fitted_on(rows: pd.DataFrame, fitted: Callable[..., Scorer]) -> None:
    """A value a million times the largest training value is scored as the largest; an unseen level as a rare one."""
    scorer = fitted(rows, "regression", "linear")
    wild = rows.head(1).assign(size=1e6 * rows["size"].abs().max(), kind="never seen")
    most = rows.head(1).assign(size=rows["size"].max(), kind=None)
    assert np.isfinite(scorer.predict(wild)).all()
    assert abs(scorer.predict(wild)[0] - scorer.predict(most)[0]) < 5


def test_it_fits_where_numbers_or_categories_are_missing_altogether(
    rows: pd.DataFrame, fitted: Callable[..., Scorer]
) -> None:
    """Numbers alone, or a number that is empty in the older rows, are learned from without an error."""
    from driftloop.pipelines.training.fit import fit
    from tests.pipelines.training.conftest import TARGETS

    settings = fitted(rows, "regression", "linear")
    assert settings.recipe is not None
    late = rows.copy()
    late.loc[: int(0.9 * len(late)), "size"] = np.nan
    assert np.isfinite(fitted(late, "binary", "linear").predict(late)).all()
    from driftloop.pipelines.config.project import Training

    training = Training.model_validate({"window": "30d", "min_rows": 50, "threads": 1, "estimator": "linear"})
    for numeric, categorical in ((["size"], []), ([], ["kind"])):
        scorer = fit(rows, rows[TARGETS["binary"]], numeric, categorical, "binary", training)
        assert len(importances(scorer)) == 1
