"""Inputs of an adopted model: its signature and its own column names, compared with the config and with real rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.monitoring.errors import AdoptionRefused, clipped, listed, suggestion
from driftloop.monitoring.records import Record
from driftloop.pipelines.training.contract import (
    WHOLE,
    Input,
    InputType,
    as_numbers,
)
from driftloop.pipelines.training.features import learn_features
from driftloop.pipelines.training.other_libraries import lightgbm_levels

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

TYPES: Mapping[str, InputType | None] = {
    "double": "double",
    "float": "float",
    "long": "long",
    "integer": "integer",
    "boolean": "boolean",
    "string": "string",
    "any": None,
}


class Declared(Record):
    """One input of a signature. `name` is None where the signature counts columns, `type` where it names none."""

    name: str | None
    type: str | None
    required: bool = True


@dataclass(frozen=True)
class Opened:
    """A model as its library opens it. `inputs` is its signature, None without one; `uri` is what messages call it."""

    uri: str
    estimator: Any
    inputs: tuple[Declared, ...] | None


def inputs_of(
    config: Project, opened: Opened, rows: pd.DataFrame, there: Sequence[str], notes: list[str]
) -> tuple[tuple[Input, ...], bool]:
    """Return the model's inputs in its order, and whether it knows them by name."""
    own, declared = own_names(opened.estimator), opened.inputs
    types: dict[str, str | None] = {}
    optional: set[str] = set()
    if declared is not None and all(one.name is not None for one in declared):
        signed = tuple(str(one.name) for one in declared)
        types = {str(one.name): one.type for one in declared}
        optional = {str(one.name) for one in declared if not one.required} - set(own or ())
        if own is not None:
            _compare(opened.uri, signed, own)
        names: tuple[str, ...] = tuple(
            name for name in signed if name not in optional or name in config.columns.features
        )
    elif own is not None:
        names = own
        notes.append("the model has no signature; its inputs are the column names that it was fitted with")
    elif declared is None and _takes_frames(opened.estimator):
        names = config.columns.features
        notes.append("the model has no signature; it gets a frame of all features of the config")
    else:
        return _by_place(config, opened, rows, notes), False
    _require(config, opened.uri, names, there)
    unused = [name for name in config.columns.features if name not in names]
    if unused:
        notes.append(f"the model does not use {listed(unused)}: watched for drift, and used by later retrains")
    levels = _levels_of_xgboost(opened) or _levels_of_lightgbm(opened)
    made = tuple(_input(config, opened.uri, name, types.get(name), rows, levels) for name in names)
    return made, own is not None or _takes_frames(opened.estimator)


def own_names(estimator: Any) -> tuple[str, ...] | None:
    """Return the column names that a fitted model keeps, in its order; None if it keeps none."""
    booster = estimator.get_booster() if hasattr(estimator, "get_booster") else estimator
    for name in ("feature_names_in_", "feature_name_", "feature_names_", "feature_names"):
        try:
            found = getattr(booster if name == "feature_names" else estimator, name, None)
        except (AttributeError, ValueError):  # a pipeline asks its first step
            continue
        if found is not None and not callable(found):
            names = tuple(str(one) for one in found)
            # LightGBM numbers the columns of an array.
            return None if not names or names[0] == "Column_0" else names
    return None


def _takes_frames(estimator: Any) -> bool:
    """Return false for a model that was fitted on an array; a pipeline and a python model may need the names."""
    if type(estimator).__module__.startswith("xgboost"):
        return False
    return not hasattr(estimator, "n_features_in_") or hasattr(estimator, "steps")


def _compare(uri: str, signed: tuple[str, ...], own: tuple[str, ...]) -> None:
    """Refuse a signature that has other columns than the model was fitted with, or another order."""
    if strange := [name for name in signed if name not in own]:
        raise AdoptionRefused(
            uri,
            f"its signature lists {listed(strange)}, and the model was not fitted with it",
            expected=f"the columns that it was fitted with: {listed(own, 20)}",
            remedy="log it again with infer_signature(X, ...), X being the frame that it was fitted on",
        )
    if [name for name in own if name in signed] != [*signed]:
        raise AdoptionRefused(
            uri,
            f"its signature lists the columns in the order {listed(signed, 20)}",
            expected=f"the order that it was fitted with: {listed(own, 20)}",
            remedy="log it again with infer_signature(X, ...), X being the frame that it was fitted on",
        )


def _require(config: Project, uri: str, names: Sequence[str], there: Sequence[str]) -> None:
    columns = config.columns
    if columns.target in names:
        raise AdoptionRefused(
            uri,
            f"it takes the target {columns.target!r} as an input",
            expected="a model of the features alone",
            remedy="correct columns.target, or log a model that was fitted without that column",
        )
    lost = [name for name in names if name not in columns.features]
    if not lost:
        return
    known = [name for name in lost if name in there]
    remedy = (
        f"add {listed(known)} to columns.numeric or columns.categorical"
        if known
        else "add the column to the source, or make it from others (columns.derived), and name it under "
        f"columns.numeric or columns.categorical.{suggestion(lost[0], columns.features)}"
    )
    raise AdoptionRefused(
        uri,
        f"it takes {listed(lost)}, which the config does not have",
        expected=f"its inputs among the features of the config: {listed(names, 20)}",
        remedy=remedy,
    )


def _by_place(config: Project, opened: Opened, rows: pd.DataFrame, notes: list[str]) -> tuple[Input, ...]:
    """Return the inputs of a model that knows no names: the features of the config in their order."""
    features, estimator = config.columns.features, opened.estimator
    count = getattr(estimator, "n_features_in_", None) or (
        estimator.num_features() if hasattr(estimator, "num_features") else None
    )
    if count is None and opened.inputs:
        count = len(opened.inputs)
    if count is not None and int(count) != len(features):
        raise AdoptionRefused(
            opened.uri,
            f"it takes {int(count)} columns without names, and the config has {len(features)} features",
            expected=f"{int(count)} features in the order in which it was fitted",
            remedy="correct columns.numeric, or fit the model on a frame with column names and log its signature",
        )
    if config.columns.categorical:
        raise AdoptionRefused(
            opened.uri,
            f"it has no column names, and {listed(config.columns.categorical)} is categorical",
            expected="numeric features alone for a model that was fitted on an array",
            remedy="move the columns to columns.numeric, or log a pipeline that takes a frame",
        )
    notes.append(
        f"the model has no column names: it gets the features in the order of the config: {listed(features, 20)}"
    )
    types = [one.type for one in opened.inputs or ()] or [None] * len(features)
    types = types if len(types) == len(features) else [types[0]] * len(features)
    pairs = zip(features, types, strict=True)
    return tuple(_input(config, opened.uri, name, kind, rows, {}) for name, kind in pairs)


def _input(
    config: Project,
    uri: str,
    name: str,
    declared: str | None,
    rows: pd.DataFrame,
    levels: Mapping[str, tuple[str, ...]],
) -> Input:
    """Return one input with its type, after the rows have been compared with it."""
    kind, values = config.kind(name), rows[name]
    if declared is not None and declared not in TYPES:
        raise AdoptionRefused(
            uri,
            f"its signature has the type {declared} for {name!r}",
            expected=f"one of {', '.join(TYPES)}",
            remedy="log a model that takes numbers and text, for example hours or days since a date",
        )
    if name in levels:
        return Input(name=name, type="category", levels=levels[name])
    if declared is None or TYPES[declared] is None:
        taken: InputType = "double" if kind == "numeric" else "string"
    else:
        taken = TYPES[declared]  # type: ignore[assignment]
    if taken == "string" and kind == "numeric":
        raise AdoptionRefused(
            uri,
            f"its signature has text for {name!r}, which is numeric in the config",
            expected=f"{name!r} under columns.categorical",
            remedy=f"move {name!r} from columns.numeric to columns.categorical",
        )
    if taken == "string":
        known = learn_features(rows, [], [name], config.training.max_levels).levels[name]
        return Input(name=name, type="string", levels=known)
    _refuse_type(uri, name, taken, values)
    return Input(name=name, type=taken)


def _refuse_type(uri: str, name: str, taken: InputType, values: pd.Series) -> None:
    numbers = as_numbers(values)
    there = values.notna().to_numpy()
    if taken in WHOLE:
        wrong = there & ~(np.floor(numbers) == numbers)
    elif taken == "boolean":
        wrong = there & ~np.isin(numbers, (0.0, 1.0))
    else:
        wrong = there & np.isnan(numbers)
    if wrong.any():
        shown = clipped(repr(values[wrong].iloc[0]))
        raise AdoptionRefused(
            uri,
            f"its signature has the type {taken} for {name!r}, and {int(wrong.sum()):,} of {int(there.sum()):,} values "
            f"of the source do not fit, such as {shown}",
            expected=f"values of the type {taken}",
            remedy=f"convert {name!r} in columns.derived as it was converted for the training, or log the model again "
            "with the type that it was fitted with",
        )


def _levels_of_xgboost(opened: Opened) -> dict[str, tuple[str, ...]]:
    """Return the categories that an xgboost model keeps for each categorical column."""
    estimator = opened.estimator
    booster = estimator.get_booster() if hasattr(estimator, "get_booster") else estimator
    if type(booster).__module__ != "xgboost.core":
        return {}
    categorical = [
        str(name)
        for name, kind in zip(booster.feature_names or (), booster.feature_types or (), strict=False)
        if kind == "c"
    ]
    if not categorical:
        return {}
    kept = dict(booster.get_categories(export_to_arrow=True).to_arrow() or ())
    found = {name: kept[name] for name in categorical if kept.get(name) is not None}
    lost = [name for name in categorical if name not in found]
    if lost or not all(isinstance(level, str) for levels in found.values() for level in levels.to_pylist()):
        raise AdoptionRefused(
            opened.uri,
            f"it has categorical columns whose levels as text its file does not keep: {listed(lost or categorical)}",
            expected="a model of xgboost 3.1 or newer that was fitted on columns of text categories",
            remedy="fit and log it again with xgboost 3.1 or newer, or adopt a pipeline that encodes the categories",
        )
    return {name: tuple(levels.to_pylist()) for name, levels in found.items()}


def _levels_of_lightgbm(opened: Opened) -> dict[str, tuple[str, ...]]:
    """Return the categories that a LightGBM model keeps for each categorical column."""
    found = lightgbm_levels(opened.estimator)
    if not all(isinstance(level, str) for levels in found.values() for level in levels):
        raise AdoptionRefused(
            opened.uri,
            f"it has categorical columns whose levels are not text: {listed(found)}",
            expected="a model of LightGBM that was fitted on columns of text categories",
            remedy="convert these columns to text, fit and log it again",
        )
    return {name: tuple(levels) for name, levels in found.items()}
