"""What differs between tasks where models are fitted, examined and drawn. Libraries are imported where used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.tasks import TaskType

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]
FOLDS = 5
LEAST_ROWS = 30  # fewer say nothing of how far a feature tells the target


class Training(ABC):
    """One task in training.

    `xgboost` names its class, `estimators` the kind of estimator of scikit-learn that fits the task, and
    `target_type` is what scikit-learn calls the target.
    """

    type: ClassVar[TaskType]
    xgboost: ClassVar[str]
    estimators: ClassVar[str]
    target_type: ClassVar[str]

    @abstractmethod
    def labelled(self, target: pd.Series) -> Mask:
        """Return which rows carry a label, shape (n,)."""

    @abstractmethod
    def typed(self, target: pd.Series) -> pd.Series:
        """Return labels as a fit gets them: floats, or class names as text. None of them is missing."""

    @abstractmethod
    def classes(self, target: pd.Series) -> tuple[str, ...]:
        """Return the sorted classes of typed labels; none for numbers."""

    @abstractmethod
    def impossible(self, target: pd.Series, classes: tuple[str, ...], *, trees: bool) -> TrainingImpossible | None:
        """Return why nothing can be learned from typed labels, or None; `trees`: xgboost may be what learns."""

    @abstractmethod
    def fits(self, estimator: Any) -> bool:
        """Return whether an estimator of scikit-learn is of the kind that the task needs."""

    @abstractmethod
    def folds(self, seed: int) -> Any:
        """Return how scikit-learn's target encoder splits rows."""

    @abstractmethod
    def linear(self, loss: Loss, rows: int) -> Any:
        """Return the regularized linear model of the task, unfitted, for this number of rows."""

    @abstractmethod
    def truth(self, target: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        """Return labels as the leak scores take them, of the rows that prove something, and which rows those are."""

    @abstractmethod
    def predicted_by_number(self, values: Floats, truth: NDArray[Any]) -> float:
        """Return how well a number alone predicts the target, 0 to 1; `values` may be NaN."""

    @abstractmethod
    def predicted_by_level(self, levels: Codes, truth: NDArray[Any], halves: Mask) -> float:
        """Return how well a category alone predicts the target of the other half of the rows, 0 to 1."""

    @abstractmethod
    def draw(self, target: NDArray[Any], predicted: Floats, classes: tuple[str, ...], folder: Path) -> None:
        """Draw where a model errs on held-out rows."""
