"""A loss defined by a function of the user."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from driftloop.monitoring.errors import LossRaised, LossUnusable, ValidationProblem
from driftloop.monitoring.losses.base import CLASSES, NUMBERS, Loss
from driftloop.monitoring.settings.functions import find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats

# Labels of this many rows, evenly spaced by rank, are enough to find the best constant.
MOST_LABELS = 2_000


class Custom(Loss):
    """A function of the user: `performance: {loss: "mylosses:asymmetric"}` names it in short.

    `function(target, predicted)` returns the loss of every row, shape (n,): finite numbers of at least 0, 0 for a
    perfect prediction. For numbers both arguments are float arrays of shape (n,). For classes `target` has the names of
    the classes as text and `predicted` has shape (n, k): the probability of each class in sorted order, which a third
    parameter called `classes` lists. The module is next to the YAML or on the Python path. xgboost minimizes its
    default for the task, as it has no objective for such a loss; early stopping, the choice of the estimator, the gate
    and all checks use the function.
    """

    tasks = NUMBERS | CLASSES
    unit = "that of the function"
    constant = "found by search"
    loss: Literal["custom"] = "custom"
    function: str = Field(max_length=500, description="module:function of the loss of rows")

    @field_validator("function")
    @classmethod
    def _is_a_path(cls, given: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", given):
            raise ValidationProblem(
                "module:function, such as mylosses:asymmetric",
                found=repr(given),
                remedy="write the function into a module next to the YAML, and name both",
            )
        return given

    @classmethod
    def parameters(cls, text: str) -> dict[str, Any]:
        return {"function": text}

    @property
    def name(self) -> str:
        """The name of records: `module:function`."""
        return self.function

    def numeric(self, target: NDArray[Any]) -> bool:
        return target.dtype.kind in "fiub"

    def find(self) -> Callable[..., Any]:
        """Import the function; one that cannot be found raises `LossUnusable`."""
        return find(self.function, "performance.loss", LossUnusable)

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        """Call the function. What it returns is checked: `LossUnusable`; what it raises becomes `LossRaised`."""
        import numpy as np

        if not len(target):
            return np.empty(0)
        function = self.find()
        named = {"classes": tuple(classes)} if len(classes) and "classes" in _parameters(function) else {}
        try:
            answer = function(target, predicted, **named)
        except Exception as error:
            first = error.__traceback__.tb_next if error.__traceback__ else None
            text = "".join(traceback.format_exception(type(error), error, first))
            raise LossRaised(self.function, type(error).__name__, str(error), text) from error
        return _checked(self.function, answer, len(target))

    def best(self, target: NDArray[Any], classes: Sequence[str] = (), weights: Floats | None = None) -> Floats:
        """Find the constant by search: among quantiles and between them, or among mixtures of the classes."""
        import numpy as np

        if not classes:
            return np.asarray(self._best_number(np.asarray(target, dtype=np.float64), weights))
        names, at = np.unique(np.asarray(target, dtype=str), return_inverse=True)
        counts = np.bincount(at, weights=weights)
        labels, shares = names.astype(object), counts / counts.sum()

        def mean(constant: Floats) -> float:
            return float(shares @ self.rows(labels, np.tile(constant, (len(labels), 1)), classes))

        return _best_shares(mean, np.array([shares[names == name].sum() for name in classes], dtype=np.float64))

    def _best_number(self, target: Floats, weights: Floats | None) -> float:
        import numpy as np

        step = -(-len(target) // MOST_LABELS)
        kept = np.argsort(target, kind="stable")[step // 2 :: step]
        labels = target[kept]
        shares = np.full(len(labels), 1 / len(labels)) if weights is None else weights[kept] / weights[kept].sum()

        def mean(constant: float) -> float:
            return float(shares @ self.rows(labels, np.full(len(labels), constant)))

        tried = np.unique(np.append(np.quantile(labels, np.linspace(0, 1, 101)), shares @ labels))
        lost = [mean(float(constant)) for constant in tried]
        at = int(np.argmin(lost))
        low, high = tried[max(at - 1, 0)], tried[min(at + 1, len(tried) - 1)]
        from scipy.optimize import minimize_scalar

        if low < high:
            found = minimize_scalar(mean, bounds=(float(low), float(high)), method="bounded", options={"xatol": 1e-12})
            if found.fun < lost[at]:
                return float(found.x)
        return float(tried[at])

    def watched(self, classes: int = 0) -> None:
        return None


def _best_shares(mean: Callable[[Floats], float], shares: Floats) -> Floats:
    """Return the probabilities with the lowest mean loss: the shares, one class alone, or a mixture of both."""
    import numpy as np
    from scipy.optimize import minimize

    k = len(shares)
    corners = [0.998 * one + 0.002 / k for one in np.eye(k)]
    best = min([shares, *np.eye(k), *corners], key=mean)

    def of_logits(logits: Floats) -> float:
        powers = np.exp(np.append(logits, 0.0) - max(float(logits.max()), 0.0))
        return mean(powers / powers.sum())

    start = np.log(np.maximum(best, 1e-6))
    found = minimize(of_logits, start[:-1] - start[-1], method="Nelder-Mead", options={"maxiter": 200 * k})
    powers = np.exp(np.append(found.x, 0.0) - max(float(found.x.max()), 0.0))
    mixed: Floats = powers / powers.sum()
    return mixed if found.fun < mean(best) else best


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _checked(path: str, answer: Any, rows: int) -> Floats:
    """Return the answer of a function as losses of rows, or raise `LossUnusable`."""
    import numpy as np

    expected = f"an array of shape ({rows},): one finite number of at least 0 for each row"
    remedy = "correct the function: it gets an array of all rows and must not average them"
    try:
        lost: Floats = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        found = f"it returned {type(answer).__name__}, which is not an array of numbers"
        raise LossUnusable(path, found, expected=expected, remedy=remedy) from error
    if lost.shape != (rows,):
        found = f"it returned shape {lost.shape} for {rows:,} rows"
        raise LossUnusable(path, found, expected=expected, remedy=remedy)
    wrong = ~np.isfinite(lost)
    if wrong.any():
        found = f"the loss of {int(wrong.sum()):,} of {rows:,} rows is not finite"
        raise LossUnusable(path, found, expected=expected, remedy="limit the loss of extreme rows in the function")
    if (lost < 0).any():
        found = f"the loss of {int((lost < 0).sum()):,} of {rows:,} rows is negative, the least being {lost.min():.6g}"
        remedy = "return a loss, where lower is better and 0 is perfect; negate a score, or subtract its optimum"
        raise LossUnusable(path, found, expected=expected, remedy=remedy)
    return lost
