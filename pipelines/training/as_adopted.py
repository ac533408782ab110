"""The estimator `as_adopted`: the class and the parameters of the model that was adopted last, fitted on new rows."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError, listed, suggestion
from driftloop.monitoring.records import changed
from driftloop.pipelines.training.features import Features
from driftloop.pipelines.training.fit_errors import translated
from driftloop.pipelines.training.fit_sklearn import accepts_weights
from driftloop.pipelines.training.other_libraries import fit_lightgbm, for_fit, is_lightgbm_booster
from driftloop.pipelines.training.recipe import AS_ADOPTED
from driftloop.pipelines.training.rows import Rows
from driftloop.pipelines.training.scorer import Scorer

# The model that was adopted last, by the name of the model, with the id of what is stored.
_TEMPLATES: dict[str, tuple[str, Scorer]] = {}
ROUNDS = ("n_estimators", "num_boost_round", "num_boosted_rounds")


def provide(model: str, stored: str, scorer: Scorer) -> None:
    """Make the adopted model of a name known to this process: fits with `as_adopted` copy it."""
    _TEMPLATES[model] = (stored, scorer)


def provided(model: str) -> str | None:
    """Return the id of the adopted model that is known of a name, or None."""
    return _TEMPLATES[model][0] if model in _TEMPLATES else None


def template(model: str) -> Scorer:
    """Return the adopted model of a name; without one `EstimatorError` explains how to get one."""
    if model not in _TEMPLATES:
        raise EstimatorError(
            AS_ADOPTED,
            f"no model has been adopted as {model}",
            expected="an adopted version in the registry, whose class and parameters are copied",
            remedy="`driftloop adopt CONFIG URI`, or name another estimator",
        )
    return _TEMPLATES[model][1]


def fit_like(adopted: Scorer, frame: pd.DataFrame, rows: Rows, params: dict[str, Any], threads: int) -> Scorer:
    """Fit the adopted model's class with its parameters on canonical rows; `params` come on top of its own.

    `frame` has the rows of `rows`, which holds their labels and classes. The columns, their order and types are those
    of the adopted model; a column that the config no longer has raises `EstimatorError`, as does a model that has no
    fit.
    """
    contract = adopted.contract
    assert contract is not None
    _refuse_lost(adopted, rows.features.names)
    levels = rows.features.levels
    inputs = tuple(changed(one, levels=levels.get(one.name, ())) for one in contract.inputs)
    by_place = _is_xgboost(adopted.estimator) or is_lightgbm_booster(adopted.estimator)
    names = [str(place) for place in range(len(rows.classes))] if by_place else [*rows.classes]
    made = changed(
        contract,
        inputs=inputs,
        classes=rows.classes,
        labels=dict(zip(names, rows.classes, strict=True)) if contract.answer == "labels" else {},
    )
    used = {one.name for one in inputs}
    features = Features(
        numeric=tuple(name for name in rows.features.numeric if name in used),
        levels={name: levels[name] for name in levels if name in used},
    )
    target: Any = rows.codes if by_place or not rows.classes else rows.target.to_numpy()
    inside = made.frame(frame)
    whole = inside if made.named else inside.to_numpy()
    acceptable = "parameters that the adopted model accepts for these rows"
    remedy = "correct training.params, or name another estimator"
    given = {**contract.params, **params}
    with translated(AS_ADOPTED, expected=acceptable, remedy=remedy), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = _fitted(adopted.estimator, whole, target, given, threads, rows.classes, rows.weights)
    return Scorer(rows.task, features, rows.classes, estimator, contract=made)


def verify(adopted: Scorer, features: Collection[str], params: Mapping[str, Any]) -> None:
    """Raise `EstimatorError` if the adopted model cannot be fitted again on these features with these parameters."""
    estimator, contract = adopted.estimator, adopted.contract
    _refuse_lost(adopted, features)
    if type(estimator).__module__ == "xgboost.core" or is_lightgbm_booster(estimator):
        return
    _refuse_without_fit(estimator)
    own = contract.params if contract else {}
    wrong = sorted({*own, *params} - set(estimator.get_params()))
    if wrong and not _is_xgboost(estimator):
        raise EstimatorError(
            AS_ADOPTED,
            f"{type(estimator).__name__} has no parameter {listed(wrong)}",
            expected="parameters of the adopted model",
            remedy="correct training.params." + suggestion(wrong[0], estimator.get_params()),
        )


def _refuse_lost(adopted: Scorer, features: Collection[str]) -> None:
    lost = [one.name for one in adopted.contract.inputs if one.name not in features] if adopted.contract else []
    if lost:
        raise EstimatorError(
            AS_ADOPTED,
            f"the adopted model takes {listed(lost)}, which the config does not have",
            expected="the features of the adopted model",
            remedy="put them back under columns.numeric or columns.categorical, or name another estimator",
        )


def _refuse_without_fit(estimator: Any) -> None:
    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        raise EstimatorError(
            AS_ADOPTED,
            f"the adopted model is a {type(estimator).__name__}, which cannot be fitted again",
            expected="a model of scikit-learn or xgboost, or one with their interface",
            remedy="name another estimator, for example a custom module:function that fits the same model",
        )


def known_params(logged: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of xgboost, which the file of a model does not keep, from those that its run has logged.

    >>> known_params({"max_depth": "4", "gamma": "None", "note": "x", "booster": "gbtree"})
    {'max_depth': 4, 'booster': 'gbtree'}
    """
    import yaml
    from xgboost import XGBModel

    there = {*XGBModel().get_params(), "eta", "lambda", "alpha", "num_boost_round"} - {"missing"}
    mine = {name: value for name, value in logged.items() if name in there and value not in {"None", "nan", ""}}
    return {name: yaml.safe_load(value) for name, value in mine.items()}


def _is_xgboost(estimator: Any) -> bool:
    return type(estimator).__module__.startswith("xgboost.")


def _fitted(
    estimator: Any,
    inputs: Any,
    target: Any,
    params: dict[str, Any],
    threads: int,
    classes: tuple[str, ...],
    weights: NDArray[np.float64] | None,
) -> Any:
    if type(estimator).__module__ == "xgboost.core":
        return _booster(estimator, inputs, target, params, threads, classes, weights)
    if is_lightgbm_booster(estimator):
        return fit_lightgbm(estimator, inputs, target, params, threads, classes, weights)
    _refuse_without_fit(estimator)
    from sklearn.base import clone

    fresh = clone(estimator)
    if _is_xgboost(estimator):
        fresh.set_params(n_estimators=estimator.get_booster().num_boosted_rounds(), n_jobs=threads, base_score=None)
        # Learned from the columns of the file; the new rows have their own.
        fresh.set_params(feature_types=None, enable_categorical=True)
    more = for_fit(fresh, inputs, threads)
    if weights is not None and takes_weights(estimator):
        more["sample_weight"] = weights
    return fresh.set_params(**params).fit(inputs, target, **more)


def takes_weights(estimator: Any) -> bool:
    """Return whether an adopted model can be fitted with weights of rows."""
    booster = type(estimator).__module__ == "xgboost.core" or is_lightgbm_booster(estimator)
    return booster or (hasattr(estimator, "fit") and accepts_weights(estimator))


def _booster(
    estimator: Any,
    inputs: Any,
    target: Any,
    params: dict[str, Any],
    threads: int,
    classes: tuple[str, ...],
    weights: NDArray[np.float64] | None,
) -> Any:
    import xgboost

    learner = json.loads(estimator.save_config())["learner"]
    objective = learner["objective"]
    own: dict[str, Any] = {"booster": learner["gradient_booster"]["name"], "nthread": threads}
    for part in objective.values():
        own |= part if isinstance(part, dict) else {"objective": part}
    own.pop("num_class", None)
    if str(own.get("objective", "")).startswith("multi:"):
        own["num_class"] = len(classes)
    given = {**own, **params}
    rounds = next((int(given.pop(name)) for name in ROUNDS if name in given), estimator.num_boosted_rounds())
    labels = np.asarray(target, dtype=np.float64)
    matrix = xgboost.DMatrix(inputs, label=labels, weight=weights, enable_categorical=True)
    return xgboost.train({k: v for k, v in given.items() if k not in ROUNDS}, matrix, num_boost_round=rounds)
