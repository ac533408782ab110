"""LightGBM and CatBoost, of which adopted models may be: their categories, importances, and fits on new rows.

Neither is a dependency: what is here works on objects that their library has opened.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Parameters in the file of a LightGBM model that belong to its rows or to where it was trained.
OF_ROWS = frozenset(
    [
        *("categorical_feature", "categorical_column", "num_iterations", "data", "valid", "output_model", "task"),
        *("machines", "num_machines", "local_listen_port", "num_threads", "saved_feature_importance_type"),
        *("early_stopping_round", "label_column", "weight_column", "group_column", "ignore_column", "input_model"),
    ]
)


def library(estimator: Any) -> str:
    """Return the package that a model comes from."""
    return type(estimator).__module__.partition(".")[0]


def is_lightgbm_booster(estimator: Any) -> bool:
    """Return whether this is a model of LightGBM without the interface of scikit-learn, which has no `fit`."""
    return type(estimator).__module__ == "lightgbm.basic"


def lightgbm_levels(estimator: Any) -> dict[str, list[Any]]:
    """Return the categories that a LightGBM model keeps for each column of categories; empty for another library."""
    if library(estimator) != "lightgbm":
        return {}
    booster = estimator if is_lightgbm_booster(estimator) else estimator.booster_
    kept = booster.pandas_categorical or []
    if not kept:
        return {}
    infos = booster.dump_model(num_iteration=1)["feature_infos"]
    places = booster.params.get("categorical_feature") or booster.params.get("categorical_column")
    names = booster.feature_name()
    found = [names[place] for place in places] if isinstance(places, list) and len(places) == len(kept) else []
    found = found or [name for name in names if infos.get(name, {}).get("values")]
    return dict(zip(found, kept, strict=False)) if len(found) == len(kept) else {}


def importances(estimator: Any) -> NDArray[np.float64] | None:
    """Return the weight of each input in the order of the model; None for another library."""
    if library(estimator) == "catboost":
        return np.asarray(estimator.get_feature_importance(), dtype=np.float64)
    if library(estimator) == "lightgbm":
        booster = estimator if is_lightgbm_booster(estimator) else estimator.booster_
        return np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    return None


def fit_lightgbm(
    estimator: Any,
    inputs: pd.DataFrame,
    target: NDArray[Any],
    params: dict[str, Any],
    threads: int,
    classes: tuple[str, ...],
    weights: NDArray[np.float64] | None,
) -> Any:
    """Fit a booster with the parameters and the number of rounds of another one; classes are counted from 0."""
    import lightgbm

    own = {name: value for name, value in estimator.params.items() if name not in OF_ROWS}
    own |= {"verbosity": -1, "num_threads": threads}
    if str(own.get("objective", "")).startswith("multiclass"):
        own["num_class"] = len(classes)
    given = {**own, **params}
    rounds = int(given.pop("num_boost_round", given.pop("n_estimators", estimator.current_iteration())))
    data = lightgbm.Dataset(inputs, np.asarray(target, dtype=np.float64), weight=weights)
    return lightgbm.train(given, data, num_boost_round=rounds)


def for_fit(fresh: Any, inputs: Any, threads: int) -> dict[str, Any]:
    """Set threads of an unfitted model and return what its `fit` needs besides rows; nothing for other libraries."""
    if library(fresh) == "lightgbm":
        fresh.set_params(n_jobs=threads)
    if library(fresh) != "catboost":
        return {}
    fresh.set_params(thread_count=threads, allow_writing_files=False)
    if not isinstance(inputs, pd.DataFrame):
        return {}
    return {"cat_features": [name for name in inputs if not pd.api.types.is_numeric_dtype(inputs[name].dtype)]}
