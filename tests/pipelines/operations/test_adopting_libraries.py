"""Models of LightGBM and CatBoost are adopted, copied and restored; each library only where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.models import infer_signature

from tests.pipelines.operations.test_adopting import NAMES, WORDS, Make, lives_on

PIPS = {"pip_requirements": ["mlflow"]}
QUIET: dict[str, Any] = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}


def lightgbm_booster(rows: pd.DataFrame, folder: Path) -> Any:
    lightgbm = pytest.importorskip("lightgbm")
    levels = {name: pd.CategoricalDtype(sorted(rows[name].unique())) for name in WORDS}
    data = lightgbm.Dataset(rows[NAMES].astype(levels), rows.y)
    model = lightgbm.train({"objective": "regression", "verbosity": -1, "num_threads": 1}, data, num_boost_round=40)
    mlflow.lightgbm.save_model(model, folder, **PIPS)
    return lambda frame: model.predict(frame[NAMES].astype(levels))


def lightgbm_classifier(rows: pd.DataFrame, folder: Path) -> Any:
    lightgbm = pytest.importorskip("lightgbm")
    levels = {name: pd.CategoricalDtype(sorted(rows[name].unique())) for name in WORDS}
    model = lightgbm.LGBMClassifier(n_estimators=30, verbosity=-1, n_jobs=1).fit(rows[NAMES].astype(levels), rows.y)
    mlflow.lightgbm.save_model(model, folder, signature=infer_signature(rows[NAMES], rows.y), **PIPS)
    return lambda frame: model.predict_proba(frame[NAMES].astype(levels))


def catboost_regressor(rows: pd.DataFrame, folder: Path) -> Any:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostRegressor(
        iterations=60, verbose=0, thread_count=1, cat_features=WORDS, train_dir=folder.parent
    )
    model.fit(rows[NAMES], rows.y)
    mlflow.catboost.save_model(
        model, folder, signature=infer_signature(rows[NAMES], model.predict(rows[NAMES])), **PIPS
    )
    return lambda frame: model.predict(frame[NAMES])


def catboost_classifier(rows: pd.DataFrame, folder: Path) -> Any:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(
        iterations=40, verbose=0, thread_count=1, cat_features=WORDS, train_dir=folder.parent
    )
    model.fit(rows[NAMES], rows.y)
    mlflow.catboost.save_model(model, folder, **PIPS)
    return lambda frame: model.predict_proba(frame[NAMES])


@pytest.mark.parametrize(
    ("save", "task", "trusted"),
    [
        (lightgbm_booster, "regression", False),
        (lightgbm_classifier, "binary", True),
        (catboost_regressor, "regression", False),
        (catboost_classifier, "binary", False),
    ],
)
def test_a_model_of_another_library_lives_on(
    model: Make, tmp_path: Path, save: Callable[..., Any], task: str, trusted: bool
) -> None:
    """Adopted, checked, logged, served by MLflow, followed by a retrain of the same class, and restored."""
    lives_on(model, tmp_path, save, task, True, trusted=trusted)
