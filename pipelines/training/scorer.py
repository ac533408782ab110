"""A fitted model that scores canonical rows, whatever library it was fitted with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.tasks import TASKS, Task
from driftloop.pipelines.training.elsewhere import Elsewhere
from driftloop.pipelines.training.features import Features, encode

if TYPE_CHECKING:
    from driftloop.pipelines.training.contract import Contract
    from driftloop.pipelines.training.foreign import Origin
    from driftloop.pipelines.training.recipe import Recipe

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scorer:
    """A fitted estimator, with all that is needed to feed it and to read its answer.

    `classes` are the sorted class names, empty for regression. The estimator names classes by their indices 0..k-1 in
    `classes` where `by_place` is set, as for all built-in ones, otherwise by indices or by names. `recipe` is the
    recipe of a built-in estimator fitted in this process. An adopted model has a `contract`, which determines its input
    and the reading of its answers; the levels of its features do not. `origin` is its folder, if it is stored as it is.
    The estimator of a model elsewhere reads its predictions from the rows.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    estimator: Any
    by_place: bool = False
    recipe: Recipe | None = None
    contract: Contract | None = None
    origin: Origin | None = None

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Score canonical rows: shape (n,) for regression, (n, k) probabilities in the order of `classes` otherwise.

        An estimator without `predict_proba` puts all probability on the class it names. No rows give no scores, of
        the same shape. A column that is not there raises `MissingColumns`, an answer of another shape `EstimatorError`.
        """
        if isinstance(self.estimator, Elsewhere):
            return self.estimator.predict(frame, self.classes)
        if self.contract is not None:
            return self.contract.predict(self.estimator, frame, self.classes)
        return self.score(encode(frame, self.features))

    def score(self, encoded: pd.DataFrame) -> Floats:
        """Score rows that are encoded already; see `predict`."""
        if len(encoded) == 0:
            return np.empty((0, len(self.classes)) if self.classes else 0)
        return self._probabilities(encoded) if TASKS[self.task].has_classes else self._values(encoded)

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
            answer = np.eye(len(self.classes))[self._places(answer)]
            places = np.arange(len(self.classes))
        else:
            named = getattr(self.estimator, "classes_", None)
            # Columns without names are in the order of the classes.
            places = np.arange(len(self.classes)) if named is None else self._places(list(named))
        if answer.shape != (len(encoded), len(places)):
            raise self._misshapen(answer.shape, f"shape {(len(encoded), len(places))}: a column for each class")
        probabilities = np.zeros((len(encoded), len(self.classes)))
        probabilities[:, places] = answer
        return probabilities

    def _places(self, named: Any) -> NDArray[np.intp]:
        """Where the estimator's own classes are in `classes`."""
        if self.by_place:
            return np.asarray(named, dtype=np.intp)
        return class_places(named, self.classes)

    def _misshapen(self, shape: tuple[int, ...], expected: str) -> EstimatorError:
        return EstimatorError(
            type(self.estimator).__name__,
            f"its prediction has shape {shape}",
            expected=expected,
            remedy="check what the estimator's predict (or predict_proba) returns",
        )


def class_places(named: Any, classes: tuple[str, ...]) -> NDArray[np.intp]:
    """Return where classes are in `classes`: text is read as names; whole numbers as names or as places.

    Whole numbers are read as what all of them can be. Where they can be both, and the two readings differ, they are
    refused with `EstimatorError`: of the eleven classes "0" to "10", sorted as text, the class "2" has the place 3.
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
    raise EstimatorError(
        "the estimator",
        f"it names classes {', '.join(stray[:8])}",
        expected=f"the class names {', '.join(classes[:8])}, or their places 0 to {len(classes) - 1}",
        remedy="fit on the target as it is given: class names as text",
    )


def _is_booster(estimator: Any) -> bool:
    return type(estimator).__name__ == "Booster" and type(estimator).__module__.startswith("xgboost")


def _raw(estimator: Any, encoded: pd.DataFrame) -> NDArray[Any]:
    if _is_booster(estimator):
        import xgboost

        return np.asarray(estimator.predict(xgboost.DMatrix(encoded, enable_categorical=True)), dtype=np.float64)
    return np.asarray(estimator.predict(encoded))
