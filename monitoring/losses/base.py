"""What every loss is: the section `performance` of a YAML, and all that depends on which loss it is.

Lower is better, no row loses less than zero, and a perfect prediction loses nothing: tests hold every loss to it. NumPy
is imported where it is used, so that a config is read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUMBERS: frozenset[Task] = frozenset({"regression"})
CLASSES: frozenset[Task] = frozenset({"binary", "multiclass"})
SMALLEST = 1e-15


class Loss(Section, ABC):
    """One loss. Its fields are its YAML; `loss` is its name there.

    `tasks` are those it fits, `unit` is what it is measured in, and `constant` is what its best constant is called.
    `lowest` is the least label for which it is defined, and `linear` names the linear model of numbers that fits it.
    """

    tasks: ClassVar[frozenset[Task]]
    unit: ClassVar[str]
    constant: ClassVar[str]
    lowest: ClassVar[float | None] = None
    linear: ClassVar[Literal["ridge", "poisson"]] = "ridge"
    loss: str

    @property
    def name(self) -> str:
        """The name by which records keep it, its parameters included; `named` reads it back."""
        values = [getattr(self, name) for name in type(self).model_fields if name != "loss"]
        return f"{self.loss}({', '.join(repr(value).removesuffix('.0') for value in values)})" if values else self.loss

    def __str__(self) -> str:
        return self.name

    @property
    def of_numbers(self) -> bool:
        """Whether it is a loss of predicted numbers, and not of the probabilities of classes."""
        return self.tasks == NUMBERS

    def refused(self, least: float) -> bool:
        """Return whether labels, the least of which is given, hold one for which this loss is not defined."""
        return self.lowest is not None and least < self.lowest

    @abstractmethod
    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        """Return the loss of every row, shape (n,).

        `target` has shape (n,): floats for numbers, class names for classes. `predicted` has shape (n,) for numbers
        and (n, k) with the probability of each of the `classes` otherwise. A label that the model has never seen
        counts as a probability of zero.
        """

    @abstractmethod
    def best(self, target: NDArray[Any], classes: Sequence[str] = ()) -> Floats:
        """Return the one prediction that loses least on all rows of `target`: shape () for numbers, (k,) for classes.

        There is at least one row, and every label of it is a number or one of `classes`.
        """

    def xgboost(self, target: NDArray[Any]) -> dict[str, Any]:
        """Return the parameters by which xgboost minimizes this loss; none where its default for the task does.

        `target` are the labels that it learns from: floats, or places of classes.
        """
        return {}

    @abstractmethod
    def watched(self, classes: int = 0) -> str:
        """Return the metric of xgboost that early stopping watches; `classes` is their number, 0 for numbers."""


class NumberLoss(Loss):
    """A loss of predicted numbers."""

    tasks = NUMBERS


class ClassLoss(Loss):
    """A loss of predicted probabilities. The best constant of a proper one are the shares of the classes."""

    tasks = CLASSES
    constant = "class shares"

    def best(self, target: NDArray[Any], classes: Sequence[str] = ()) -> Floats:
        counts = matches(target, classes).sum(axis=0)
        shares: Floats = counts / counts.sum()
        return shares

    def watched(self, classes: int = 0) -> str:
        return "logloss" if classes == 2 else "mlogloss"


def matches(target: NDArray[Any], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Return which class each label is, shape (n, k); a label that is none of them matches none."""
    import numpy as np

    found: NDArray[np.bool_] = np.asarray(target, dtype=object)[:, None] == np.asarray(classes, dtype=object)[None, :]
    return found


def differences(target: NDArray[Any], predicted: Floats) -> Floats:
    """Return truth minus prediction, shape (n,)."""
    import numpy as np

    found: Floats = np.asarray(target, dtype=np.float64) - predicted
    return found
