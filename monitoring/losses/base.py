"""What every loss is: the section `performance` of a YAML, and all that depends on which loss it is.

Lower is better, no row loses less than zero, and a perfect prediction loses nothing: tests hold every loss to it. NumPy
is imported where it is used, so that a config is read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

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
    `lowest` is the least label for which it is defined, `above` excludes that label itself. `follows` names the
    estimators that minimize it. The sum of a `relative` loss is divided by the sum of the absolute labels. One that
    `needs_probabilities` is infinite where a class is certain and wrong.
    """

    tasks: ClassVar[frozenset[Task]]
    unit: ClassVar[str]
    constant: ClassVar[str]
    lowest: ClassVar[float | None] = None
    above: ClassVar[bool] = False
    follows: ClassVar[frozenset[str]] = frozenset()
    relative: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    loss: str

    @property
    def name(self) -> str:
        """The name by which records keep it, its parameters included; `named` reads it back."""
        values = [getattr(self, name) for name in type(self).model_fields if name != "loss"]
        return f"{self.loss}({', '.join(repr(value).removesuffix('.0') for value in values)})" if values else self.loss

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parameters(cls, text: str) -> dict[str, Any]:
        """Return the fields that the parentheses of a `name` hold; a wrong number of values raises `ValueError`."""
        keys = [key for key in cls.model_fields if key != "loss"]
        return dict(zip(keys, text.split(", ") if text else [], strict=True))

    @property
    def of_numbers(self) -> bool:
        """Whether it is a loss of predicted numbers, and not of the probabilities of classes."""
        return self.tasks == NUMBERS

    def numeric(self, target: NDArray[Any]) -> bool:
        """Return whether these labels are numbers to be predicted, and not names of classes."""
        return self.of_numbers

    def refused(self, least: float) -> bool:
        """Return whether labels, the least of which is given, hold one for which this loss is not defined."""
        return self.lowest is not None and (least < self.lowest or (self.above and least == self.lowest))

    def undefined(self, target: NDArray[Any]) -> tuple[str, str] | None:
        """Return why this loss is not defined for some of the labels, and which labels it expects; otherwise None."""
        return None

    def whole(self, lost: Floats, target: NDArray[Any], weights: Floats | None = None) -> Floats:
        """Return values, shape (n,), whose plain mean is the loss of all these rows together.

        They are the losses of the rows themselves, unless the loss is `relative` or the rows have `weights`: their
        variance is then that of the ratio of two sums (`rows.weights.spread`).
        """
        from driftloop.monitoring.rows.weights import spread

        return spread(self.parts(lost, target, weights), weights)

    def parts(self, lost: Floats, target: NDArray[Any], weights: Floats | None = None) -> Floats:
        """Return values, shape (n,), whose weighted mean is the loss of all these rows together.

        They are the losses of the rows themselves, unless the loss is `relative`. Then its value is a ratio of two sums
        R = sum(lost) / sum(|target|), and the values are R + (lost - R |target|) / mean(|target|). Their variance is
        that of the ratio (linearization, Cochran 1977, Sampling Techniques, 6.3). Where all labels are zero they are
        not finite, unless nothing is lost.
        """
        if not self.relative or not len(lost):
            return lost
        import numpy as np

        from driftloop.monitoring.rows.weights import averaged

        size = np.abs(np.asarray(target, dtype=np.float64))
        mean = averaged(size, weights)
        if mean == 0:
            return np.full(len(lost), np.inf if lost.any() else 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = averaged(lost, weights) / mean
            made: Floats = ratio + (lost - ratio * size) / mean
        return made

    def decide(self, predicted: Floats, classes: Sequence[str]) -> NDArray[np.intp]:
        """Return the place of the class that is predicted for every row, shape (n,): the most likely one."""
        places: NDArray[np.intp] = predicted.argmax(axis=1)
        return places

    def threshold(self, classes: Sequence[str]) -> float | None:
        """Return the probability above which the second of two classes is predicted; None for numbers or many."""
        return 0.5 if len(classes) == 2 else None

    @abstractmethod
    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        """Return the loss of every row, shape (n,).

        `target` has shape (n,): floats for numbers, class names for classes. `predicted` has shape (n,) for numbers
        and (n, k) with the probability of each of the `classes` otherwise. A label that the model has never seen
        counts as a probability of zero.
        """

    @abstractmethod
    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        """Return the one prediction that loses least on all rows of `target`: shape () for numbers, (k,) for classes.

        There is at least one row, and every label of it is a number or one of `classes`. `weights`, shape (n,), are
        above 0.
        """

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        """Return the parameters by which xgboost minimizes this loss; none where its default for the task does.

        `target` are the labels that it learns from: floats, or places of classes.
        """
        return {}

    @abstractmethod
    def watched(self, classes: int = 0) -> str | None:
        """Return the metric of xgboost that early stopping watches; `classes` is their number, 0 for numbers.

        None where xgboost has no metric that is near enough: early stopping then computes this loss itself.
        """

    def linear(self) -> tuple[str, dict[str, Any]]:
        """Return scikit-learn's linear model of numbers that fits this loss best, and its parameters."""
        return "Ridge", {}

    def boosting(self) -> dict[str, Any]:
        """Return the parameters by which scikit-learn's HistGradientBoostingRegressor minimizes this loss."""
        return {}


class NumberLoss(Loss):
    """A loss of predicted numbers."""

    tasks = NUMBERS

    def undefined(self, target: NDArray[Any]) -> tuple[str, str] | None:
        import numpy as np

        labels = np.asarray(target, dtype=np.float64)
        labels = labels[~np.isnan(labels)]
        if not len(labels):
            return None
        if self.relative and not labels.any():
            return f"all {len(labels):,} labels are 0, by whose sum {self} divides", "labels other than 0"
        least = float(labels.min())
        if self.lowest is None or not self.refused(least):
            return None
        wrong, side, bound = (
            (labels <= self.lowest, "at or below", "above")
            if self.above
            else (labels < self.lowest, "below", "of at least")
        )
        found = (
            f"{int(wrong.sum()):,} of {len(labels):,} labels are {side} {self.lowest:g}, the least being {least:.6g}"
        )
        return found, f"labels {bound} {self.lowest:g}"


class MeanLoss(NumberLoss):
    """A loss of predicted numbers whose best constant is the mean."""

    constant = "mean"

    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        import numpy as np

        return np.asarray(np.average(target, weights=weights))


class AbsoluteLoss(NumberLoss):
    """A loss of the absolute error, whose best constant is the median."""

    constant = "median"

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        with np.errstate(over="ignore"):
            return np.abs(differences(target, predicted))

    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        import numpy as np

        from driftloop.monitoring.rows.weights import weighted_median

        return np.asarray(np.median(target) if weights is None else weighted_median(np.asarray(target), weights))

    def xgboost(self, target: NDArray[Any], weights: Floats | None = None) -> dict[str, Any]:
        return {"objective": "reg:absoluteerror"}

    def watched(self, classes: int = 0) -> str:
        return "mae"

    def boosting(self) -> dict[str, Any]:
        return {"loss": "absolute_error"}


class ClassLoss(Loss):
    """A loss of predicted probabilities. The best constant of a proper one are the shares of the classes."""

    tasks = CLASSES
    constant = "class shares"

    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        found = matches(target, classes)
        counts = found.sum(axis=0) if weights is None else weights @ found
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
