"""A fitted model that scores canonical rows, whatever library it was fitted with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.served.answers import answers
from driftloop.monitoring.served.encoding import Rows, frame_of
from driftloop.monitoring.served.errors import ServingError
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.elsewhere import Elsewhere
from driftloop.pipelines.training.features import Features, encode_for

if TYPE_CHECKING:
    from driftloop.pipelines.training.contract import Contract
    from driftloop.pipelines.training.foreign import Origin
    from driftloop.pipelines.training.recalibration import Recalibration
    from driftloop.pipelines.training.recipe import Recipe

Floats = NDArray[np.float64]
# Rows that a built-in estimator scores at a time.
PART = 1 << 18


@dataclass(frozen=True)
class Scorer:
    """A fitted estimator, with all that is needed to feed it and to read its answer.

    `classes` are the sorted class names, empty for regression. The estimator names classes by their indices 0..k-1 in
    `classes` where `by_place` is set, as for all built-in ones, otherwise by indices or by names. `recipe` is the
    recipe of a built-in estimator fitted in this process. An adopted model has a `contract`, which determines its input
    and the reading of its answers; the levels of its features do not. `origin` is its folder, if it is stored as it is.
    The estimator of a model elsewhere reads its predictions from the rows. A `recalibration` is applied to every
    prediction.
    """

    task: Task
    features: Features
    classes: tuple[str, ...]
    estimator: Any
    by_place: bool = False
    recipe: Recipe | None = None
    contract: Contract | None = None
    origin: Origin | None = None
    recalibration: Recalibration | None = None

    @property
    def plain(self) -> Scorer:
        """Return the model without its recalibration."""
        return replace(self, recalibration=None)

    def predict(self, frame: Rows) -> Floats:
        """Score canonical rows: shape (n,) for regression, (n, k) probabilities in the order of `classes` otherwise.

        An estimator without `predict_proba` puts all probability on the class it names. No rows give no scores, of
        the same shape. Rows may come as arrays by name, at most `PART` of them. A column that is not there raises
        `MissingColumns`, an answer of another shape `EstimatorError`.
        """
        predicted = self._predict(frame)
        return predicted if self.recalibration is None else self.recalibration.apply(predicted)

    def _predict(self, rows: Rows) -> Floats:
        if isinstance(self.estimator, Elsewhere):
            return self.estimator.predict(_frame(rows), self.classes)
        if self.contract is not None:
            return self.contract.predict(self.estimator, _frame(rows), self.classes)
        if self.by_place and isinstance(rows, pd.DataFrame) and len(rows) > PART:
            parts = [rows.iloc[start : start + PART] for start in range(0, len(rows), PART)]
            return np.concatenate([self.score(self._encoded(part)) for part in parts])
        return self.score(self._encoded(rows))

    def _encoded(self, rows: Rows) -> pd.DataFrame | Floats:
        return encode_for(self.estimator, rows, self.features, by_place=self.by_place)

    def score(self, encoded: pd.DataFrame | Floats) -> Floats:
        """Score rows that are encoded already, without a recalibration; see `predict`."""
        try:
            return answers(self.estimator, encoded, self.classes, by_place=self.by_place)
        except ServingError as error:
            name = type(self.estimator).__name__
            raise EstimatorError(name, error.found, expected=error.expected, remedy=error.remedy) from error


def _frame(rows: Rows) -> pd.DataFrame:
    return rows if isinstance(rows, pd.DataFrame) else frame_of(rows)
