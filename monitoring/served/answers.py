"""Answers of an estimator: numbers, or the probability of each class in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .encoding import Rows, encode, encode_as_codes
from .errors import ServingError

Floats = NDArray[np.float64]
# Estimators of xgboost that predict codes of categories as they predict the categories themselves.
TREES = ("XGBRegressor", "XGBClassifier", "XGBRFRegressor", "XGBRFClassifier")


def encoded_for(
    estimator: Any, rows: Rows, numeric: Sequence[str], levels: Mapping[str, Sequence[str]], *, by_place: bool
) -> pd.DataFrame | Floats:
    """Return canonical rows as an estimator gets them, as codes if it predicts the same from these.

    xgboost spends 1.6 ms per call on a frame of 17 columns, and 0.2 ms on an array. `by_place`: see `answers`; other
    estimators may have been fitted with levels in another order.
    """
    kind = type(estimator)
    if by_place and kind.__name__ in TREES and kind.__module__.startswith("xgboost"):
        missing = estimator.missing
        if estimator.booster in (None, "gbtree", "dart") and (missing is None or np.isnan(missing)):
            return encode_as_codes(rows, numeric, levels)
    return encode(rows, numeric, levels)


def answers(estimator: Any, encoded: pd.DataFrame | Floats, classes: tuple[str, ...], *, by_place: bool) -> Floats:
    """Score encoded rows: shape (n,) for numbers, (n, k) probabilities in the order of `classes` otherwise.

    An estimator without `predict_proba` puts all probability on the class it names. `by_place`: it names classes by
    their indices in `classes`. No rows give no scores, of the same shape. An answer of another shape, or of unknown
    classes, raises `ServingError`.
    """
    if len(encoded) == 0:
        return np.empty((0, len(classes)) if classes else 0)
    return _probabilities(estimator, encoded, classes, by_place) if classes else _values(estimator, encoded)


def _values(estimator: Any, encoded: pd.DataFrame | Floats) -> Floats:
    values = np.asarray(_raw(estimator, encoded), dtype=np.float64)
    if values.size != len(encoded):
        raise _misshapen(values.shape, f"one number for each of the {len(encoded)} rows")
    return values.reshape(len(encoded))


def _probabilities(estimator: Any, encoded: pd.DataFrame | Floats, classes: tuple[str, ...], by_place: bool) -> Floats:
    def places_of(named: Any) -> NDArray[np.intp]:
        return np.asarray(named, dtype=np.intp) if by_place else class_places(named, classes)

    if _is_booster(estimator):
        answer = _raw(estimator, encoded)
        if answer.ndim == 1 and len(classes) == 2:
            answer = np.column_stack([1.0 - answer, answer])
    elif hasattr(estimator, "predict_proba"):
        answer = np.asarray(estimator.predict_proba(encoded), dtype=np.float64)
    else:
        answer = np.asarray(estimator.predict(encoded))
    if answer.ndim == 1:
        answer = np.eye(len(classes))[places_of(answer)]
        places = np.arange(len(classes))
    else:
        named = getattr(estimator, "classes_", None)
        # Columns without names are in the order of the classes.
        places = np.arange(len(classes)) if named is None else places_of(list(named))
    if answer.shape != (len(encoded), len(places)):
        raise _misshapen(answer.shape, f"shape {(len(encoded), len(places))}: a column for each class")
    probabilities = np.zeros((len(encoded), len(classes)))
    probabilities[:, places] = answer
    return probabilities


def _misshapen(shape: tuple[int, ...], expected: str) -> ServingError:
    return ServingError(
        f"its prediction has shape {shape}",
        expected=expected,
        remedy="check what the estimator's predict (or predict_proba) returns",
    )


def class_places(named: Any, classes: tuple[str, ...]) -> NDArray[np.intp]:
    """Return where classes are in `classes`: text is read as names; whole numbers as names or as places.

    Whole numbers are read as what all of them can be. Where they can be both, and the two readings differ, they are
    refused with `ServingError`: of the eleven classes "0" to "10", sorted as text, the class "2" has the place 3.
    So is anything that is neither a name nor a place.

    >>> class_places(["b", "a"], ("a", "b")).tolist(), class_places([1, 0], ("a", "b")).tolist()
    ([1, 0], [1, 0])
    >>> class_places([1, 2], ("1", "2")).tolist(), class_places([0, 1], ("1", "2")).tolist()
    ([0, 1], [0, 1])
    """
    values = np.asarray(named)
    as_names = pd.Index(classes, dtype=object).get_indexer(pd.Index(_spelled(values)))
    if values.dtype.kind in "OUT":
        return _known(as_names, as_names >= 0, values, classes)
    whole = values.astype(np.float64)
    as_places = np.where(np.isfinite(whole), whole, -1).astype(np.intp)
    is_place = (as_places == whole) & (as_places >= 0) & (as_places < len(classes))
    is_name = as_names >= 0
    if is_name.all() and is_place.all():
        return _known(as_places, as_places == as_names, values, classes)
    return _known(as_names, is_name, values, classes) if is_name.all() else _known(as_places, is_place, values, classes)


def _spelled(values: NDArray[Any]) -> NDArray[Any]:
    """Values as text, whole numbers without a point."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (np.floor(values) == values) & (np.abs(values) < 2**53)
        return np.array([str(int(v)) if w else str(v) for v, w in zip(values, whole, strict=True)], dtype=object)
    return values.astype(str).astype(object)


def _known(
    places: NDArray[np.intp], known: NDArray[np.bool_], values: NDArray[Any], classes: tuple[str, ...]
) -> NDArray[np.intp]:
    if known.all():
        return np.asarray(places, dtype=np.intp)
    stray = sorted({str(value) for value in values[~known]})
    raise ServingError(
        f"it names classes {', '.join(stray[:8])}",
        expected=f"the class names {', '.join(classes[:8])}, or their places 0 to {len(classes) - 1}",
        remedy="fit on the target as it is given: class names as text",
    )


def _is_booster(estimator: Any) -> bool:
    return type(estimator).__name__ == "Booster" and type(estimator).__module__.startswith("xgboost")


def _raw(estimator: Any, encoded: pd.DataFrame | Floats) -> NDArray[Any]:
    if _is_booster(estimator):
        import xgboost

        return np.asarray(estimator.predict(xgboost.DMatrix(encoded, enable_categorical=True)), dtype=np.float64)
    return np.asarray(estimator.predict(encoded))
