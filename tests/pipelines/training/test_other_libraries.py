"""What LightGBM and CatBoost keep of their training, from models as their files bring them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from driftloop.pipelines.training.other_libraries import (
    fit_lightgbm,
    for_fit,
    importances,
    is_lightgbm_booster,
    library,
    lightgbm_levels,
)

LEVELS = {"city": ["oslo", "rome"], "kind": ["a", "b", "c"]}


def rows(n: int = 300) -> tuple[pd.DataFrame, Any]:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"amount": draw.normal(size=n), "city": draw.choice(LEVELS["city"], n)})
    frame["speed"], frame["kind"] = draw.normal(size=n), draw.choice(LEVELS["kind"], n)
    return frame, 3 * frame["amount"] + (frame["city"] == "rome")


def test_other_models_have_nothing_of_it() -> None:
    """A model of scikit-learn is left to what is known of all."""
    model = LinearRegression()
    assert (library(model), is_lightgbm_booster(model), lightgbm_levels(model)) == ("sklearn", False, {})
    assert importances(model) is None
    assert for_fit(model, rows()[0], 1) == {}


def test_a_booster_of_lightgbm_from_its_file(tmp_path: Path) -> None:
    """Categories by column, importances in order, and a fit with the same parameters and rounds."""
    lightgbm = pytest.importorskip("lightgbm")
    frame, target = rows()
    typed = frame.astype({name: pd.CategoricalDtype(levels) for name, levels in LEVELS.items()})
    params = {"objective": "quantile", "alpha": 0.7, "learning_rate": 0.2, "verbosity": -1, "num_threads": 1}
    lightgbm.train(params, lightgbm.Dataset(typed, target), num_boost_round=7).save_model(tmp_path / "m.lgb")
    booster = lightgbm.Booster(model_file=tmp_path / "m.lgb")
    assert is_lightgbm_booster(booster)
    assert lightgbm_levels(booster) == LEVELS
    found = importances(booster)
    assert found is not None
    assert found.argmax() == 0
    again = fit_lightgbm(booster, typed, target.to_numpy(), {"learning_rate": 0.1}, 1, (), np.ones(len(frame)))
    kept = {name: again.params[name] for name in ("objective", "alpha", "learning_rate")}
    assert kept == {"objective": "quantile", "alpha": 0.7, "learning_rate": 0.1}
    assert again.current_iteration() == 7
    plain = lightgbm.train(params, lightgbm.Dataset(frame[["amount"]], target), num_boost_round=2)
    assert lightgbm_levels(plain) == {}


def test_a_model_of_catboost_from_its_file(tmp_path: Path) -> None:
    """Its file has no importances of rows and no names of categories: both are found again."""
    catboost = pytest.importorskip("catboost")
    frame, target = rows()
    quiet = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(iterations=10, cat_features=["city", "kind"], **quiet).fit(frame, target)
    model.save_model(tmp_path / "m.cb")
    loaded = catboost.CatBoostRegressor().load_model(tmp_path / "m.cb")
    found = importances(loaded)
    assert found is not None
    assert found.argmax() == 0
    fresh = clone(loaded)
    assert for_fit(fresh, frame, 2) == {"cat_features": ["city", "kind"]}
    assert fresh.get_params()["thread_count"] == 2
