"""A fitted model that scores canonical rows, whatever library it was fitted with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitoring.config import Task
from monitoring.errors import EstimatorError
from pipelines.training.features import Features, encode

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scorer:
    """A fitted estimator, with all that is needed to feed it and to read its answer.

    `classes` are the sorted class names, empty for regression. The estimator speaks of classes either by these names
    or by their places 0..k-1 in `classes`.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    estimator: Any

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Score canonical rows: shape (n,) for regression, (n, k) probabilities in the order of `classes` otherwise.

        An estimator without `predict_proba` puts all probability on the class it names. No rows give no scores, of
        the same shape. A column that is not there raises `ColumnsLost`, an answer of another shape `EstimatorError`.
        """
        encoded = encode(frame, self.features)
        if len(encoded) == 0:
            return np.empty((0, len(self.classes)) if self.classes else 0)
        if self.task == "regression":
            return self._values(encoded)
        return self._probabilities(encoded)

    def _values(self, encoded: pd.DataFrame) -> Floats:
        values = np.asarray(_raw(self.estimator, encoded), dtype=np.float64)
        if values.size != len(encoded):
            raise self._misshapen(values.shape, f"one number for each of the {len(encoded)} rows")
        return values.reshape(len(encoded))

    def _probabilities(self, encoded: pd.DataFrame) -> Floats:
        if _is_booster(self.estimator):
            answer = _raw(self.estimator, encoded)
            if answer.ndim == 1 and len(self.classes) == 2:
                answer = np.column_stack([1.0 - answer, answer])
        elif hasattr(self.estimator, "predict_proba"):
            answer = np.asarray(self.estimator.predict_proba(encoded), dtype=np.float64)
        else:
            answer = np.asarray(self.estimator.predict(encoded))
        if answer.ndim == 1:
            answer = np.eye(len(self.classes))[class_places(answer, self.classes)]
            places = np.arange(len(self.classes))
        else:
            named = getattr(self.estimator, "classes_", range(len(self.classes)))
            places = class_places(list(named), self.classes)
        if answer.shape != (len(encoded), len(places)):
            raise self._misshapen(answer.shape, f"shape {(len(encoded), len(places))}: a column for each class")
        probabilities = np.zeros((len(encoded), len(self.classes)))
        probabilities[:, places] = answer
        return probabilities

    def _misshapen(self, shape: tuple[int, ...], expected: str) -> EstimatorError:
        return EstimatorError(
            type(self.estimator).__name__,
            f"its prediction has shape {shape}",
            expected=expected,
            remedy="check what the estimator's predict (or predict_proba) returns",
        )


def class_places(named: Any, classes: tuple[str, ...]) -> NDArray[np.intp]:
    """Where classes stand in `classes`: text is read as a name, a whole number as the place itself.

    Anything else raises `EstimatorError`. That includes whole numbers where the names are numbers as well and the
    two readings differ (eleven classes "0" to "10" sort as "0", "1", "10", "2", ...).

    >>> class_places(["b", "a"], ("a", "b")).tolist(), class_places([1, 0], ("a", "b")).tolist()
    ([1, 0], [1, 0])
    """
    values = np.asarray(named)
    if values.dtype.kind in "OUT":
        places = pd.Index(classes, dtype=object).get_indexer(pd.Index(values.astype(object)))
        known = places >= 0
    else:
        whole = values.astype(np.float64)
        places = np.where(np.isfinite(whole), whole, -1).astype(np.intp)
        known = (places == whole) & (places >= 0) & (places < len(classes))
        known &= ~np.isin(places.astype(str), classes) | _agree(places, classes)
    if not known.all():
        stray = sorted({str(value) for value in values[~known]})
        raise EstimatorError(
            "the estimator",
            f"it names classes {', '.join(stray[:8])}",
            expected=f"the class names {', '.join(classes[:8])}, or their places 0 to {len(classes) - 1}",
            remedy="fit on the target as it is given: class names as text",
        )
    return np.asarray(places, dtype=np.intp)


def _agree(places: NDArray[np.intp], classes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Where a whole number is the same class read as a place and read as a name."""
    names = np.asarray(classes, dtype=object)[np.clip(places, 0, len(classes) - 1)]
    return np.asarray(names.astype(str) == places.astype(str))


def _is_booster(estimator: Any) -> bool:
    return type(estimator).__name__ == "Booster" and type(estimator).__module__.startswith("xgboost")


def _raw(estimator: Any, encoded: pd.DataFrame) -> NDArray[Any]:
    if _is_booster(estimator):
        import xgboost

        return np.asarray(estimator.predict(xgboost.DMatrix(encoded, enable_categorical=True)), dtype=np.float64)
    return np.asarray(estimator.predict(encoded))
