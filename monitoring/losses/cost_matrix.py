"""The cost of decisions: one number for each pair of true and predicted class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.losses.base import ClassLoss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from driftloop.monitoring.losses.base import Floats

Price = Annotated[float, Field(ge=0, le=1e300)]


def _names(given: Any) -> Any:
    """Spell whole numbers as names of classes: a YAML reads 0 and 1 as numbers."""
    if not isinstance(given, Mapping):
        return given
    return {str(key) if type(key) is int else key: value for key, value in given.items()}


class CostMatrix(ClassLoss):
    """Mean cost of the decisions. `costs` has one number for each true class and each other class it is taken for.

    The prediction is the class with the lowest expected cost under the predicted probabilities. Of two classes the
    second one is predicted when its probability is above c1 / (c1 + c2), where c1 is the cost of taking the first class
    for the second, and c2 of the reverse: Elkan (2001), The foundations of cost-sensitive learning. The right class
    costs nothing. A label that is not one of the classes costs as much as the worst mistake. Models are trained on the
    log loss, whose probabilities the decision needs.
    """

    unit = "that of the costs"
    constant = "class shares"
    loss: Literal["cost_matrix"] = "cost_matrix"
    costs: Annotated[
        dict[str, Annotated[dict[str, Price], BeforeValidator(_names)]], BeforeValidator(_names), Field(min_length=2)
    ] = Field(description="true class: {predicted class: cost}; {yes: {no: 5}, no: {yes: 1}} makes a missed yes cost 5")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        names = {*self.costs, *(name for row in self.costs.values() for name in row)}
        for true in sorted(names):
            row = self.costs.get(true, {})
            if row.get(true):
                raise ValidationProblem(
                    "0 for the right class, or no entry",
                    key=f"costs.{true}.{true}",
                    found=f"{row[true]:g}",
                    remedy="subtract it from all costs of that class: only the differences decide",
                )
            missing = sorted(names - {true} - row.keys())
            if missing:
                raise ValidationProblem(
                    "a cost for each pair of a true class and another class",
                    key=f"costs.{true}",
                    found=f"no cost of taking {true!r} for {listed(missing)}",
                    remedy=f"add {true}: {{{missing[0]}: 1}}, with its own cost",
                )
        if not any(value for row in self.costs.values() for value in row.values()):
            raise ValidationProblem("at least one cost above 0", key="costs", found="nothing but zeros")
        return self

    @classmethod
    def parameters(cls, text: str) -> dict[str, Any]:
        return {"costs": json.loads(text)}

    @property
    def name(self) -> str:
        """The name of records, with the costs as JSON."""
        rows = {true: {name: row[name] for name in sorted(row)} for true, row in sorted(self.costs.items())}
        return f"{self.loss}({json.dumps(rows, separators=(',', ':'), ensure_ascii=False)})"

    def __str__(self) -> str:
        return self.loss

    def rows(self, target: NDArray[Any], predicted: Floats, classes: Sequence[str] = ()) -> Floats:
        import numpy as np

        worst = max(value for row in self.costs.values() for value in row.values())
        decided = self.decide(predicted, classes)
        made: Floats = np.full(len(target), worst, dtype=np.float64)
        labels = np.asarray(target, dtype=object)
        for true, row in self.costs.items():
            prices = np.array([0.0 if name == true else row.get(name, worst) for name in classes], dtype=np.float64)
            here = labels == true
            made[here] = prices[decided[here]]
        return made

    def decide(self, predicted: Floats, classes: Sequence[str]) -> NDArray[np.intp]:
        places: NDArray[np.intp] = (predicted @ self._table(classes)).argmin(axis=1)
        return places

    def threshold(self, classes: Sequence[str]) -> float | None:
        """Return the probability above which the second of two classes is the cheaper prediction; None for more.

        >>> CostMatrix(costs={"no": {"yes": 1}, "yes": {"no": 4}}).threshold(("no", "yes"))
        0.2
        """
        if len(classes) != 2:
            return None
        table = self._table(classes)
        both = float(table[0, 1] + table[1, 0])
        return float(table[0, 1]) / both if both else 0.5

    def undefined(self, target: NDArray[Any]) -> tuple[str, str] | None:
        strange = sorted({name for name in target if isinstance(name, str)} - self.costs.keys())
        if not strange:
            return None
        return (
            f"labels of {listed(strange)}, for which performance.costs has no cost",
            f"the classes {listed(sorted(self.costs))}, or a cost for each class",
        )

    def _table(self, classes: Sequence[str]) -> Floats:
        """Return the cost of each decision (columns) for each true class (rows), shape (k, k)."""
        import numpy as np

        worst = max(value for row in self.costs.values() for value in row.values())
        return np.array(
            [
                [0.0 if true == name else self.costs.get(true, {}).get(name, worst) for name in classes]
                for true in classes
            ],
            dtype=np.float64,
        )
