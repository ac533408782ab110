"""The law of a fit in pieces: the same model, bit by bit, as the estimator's own fit on one frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.data.boosting import Encoded
from driftloop.pipelines.training.fit_pieces import Pieces, fit_pieces, matrix, parameters
from driftloop.pipelines.training.fit_xgboost import DEFAULTS

LEVELS = pd.Index(["a", "b", "c", "d"], dtype=object)
CLASSES = {"regression": 0, "binary": 2, "multiclass": 3}


def rows(task: str, many: int, seed: int = 0, *, weighted: bool = True) -> Encoded:
    """Encoded rows with missing numbers and categories."""
    generator = np.random.default_rng(seed)
    x, z = generator.normal(size=(2, many))
    codes = generator.integers(-1, len(LEVELS), many)
    answer = x + 2 * (codes == 1) + generator.normal(0, 0.3, many)
    x[::9] = np.nan
    k = CLASSES[task]
    labels = answer if not k else np.digitize(answer, np.quantile(answer, np.arange(1, k) / k))
    encoded = pd.DataFrame({"x": x, "z": z, "c": pd.Categorical.from_codes(codes, categories=LEVELS)})
    return Encoded(encoded, labels, generator.uniform(0.2, 3, many) if weighted else None)


def cut(whole: Encoded, *edges: int) -> Pieces:
    """The same rows in pieces of uneven size."""

    def pieces() -> Iterator[Encoded]:
        for start, stop in zip((0, *edges), (*edges, len(whole.encoded)), strict=True):
            part = slice(start, stop)
            weights = None if whole.weights is None else whole.weights[part]
            yield Encoded(whole.encoded.iloc[part], whole.codes[part], weights)

    return pieces


def unfitted(task: str, **params: Any) -> Any:
    """The class of a task with the default parameters."""
    kind = xgboost.XGBClassifier if CLASSES[task] else xgboost.XGBRegressor
    own = {"n_jobs": 2, "random_state": 3, "enable_categorical": True, "n_estimators": 25}
    return kind(**{**DEFAULTS, **own, **params})


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(("task", "weighted"), [("regression", True), ("binary", False), ("multiclass", True)])
def test_the_model_is_that_of_one_frame(task: str, weighted: bool, cached: bool, tmp_path: Path) -> None:
    """Numbers, classes, weights, missing values, samples of rows and columns; in memory or with values on disk."""
    whole = rows(task, 9_000, weighted=weighted)
    fitted = unfitted(task).fit(whole.encoded, whole.codes, sample_weight=whole.weights)
    cache = tmp_path / "cache" if cached else None
    made = fit_pieces(unfitted(task), cut(whole, 70, 4_000, 4_001), CLASSES[task], cache)
    answer = "predict_proba" if CLASSES[task] else "predict"
    fresh = rows(task, 500, seed=1).encoded
    assert np.array_equal(getattr(made, answer)(fresh), getattr(fitted, answer)(fresh))
    assert made.get_booster().get_dump() == fitted.get_booster().get_dump()
    assert cache is None or list(cache.iterdir()) == []


def test_early_stopping_on_pieces_stops_where_a_frame_does() -> None:
    """Rows to validate on take the cuts of the training rows."""
    whole, newest = rows("regression", 4_000), rows("regression", 1_000, seed=5)
    limits = {"n_estimators": 300, "learning_rate": 0.3}
    fitted = unfitted("regression", early_stopping_rounds=5, **limits)
    weights = {"sample_weight": whole.weights, "sample_weight_eval_set": [newest.weights]}
    fitted.fit(whole.encoded, whole.codes, eval_set=[(newest.encoded, newest.codes)], verbose=False, **weights)
    model = unfitted("regression", **limits)
    train = matrix(model, cut(whole, 100, 3_000))
    watched = [(matrix(model, cut(newest, 999), ref=train), "newest")]
    stopped = xgboost.train(
        parameters(model, 0), train, 300, evals=watched, early_stopping_rounds=5, verbose_eval=False
    )
    assert stopped.best_iteration == fitted.best_iteration < 299
    kept = stopped[: stopped.best_iteration + 1]
    assert kept.get_dump() == fitted.get_booster()[: fitted.best_iteration + 1].get_dump()


@pytest.mark.parametrize("params", [{"tree_method": "exact"}, {"booster": "gblinear"}])
def test_a_method_that_needs_all_rows_is_refused(params: dict[str, Any]) -> None:
    """It would fail in xgboost without a way out."""
    with pytest.raises(EstimatorError, match="in memory") as refused:
        fit_pieces(unfitted("regression", **params), cut(rows("regression", 100)), 0)
    assert "training.max_rows" in str(refused.value)
