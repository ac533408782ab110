"""Section `fairness` of a model's YAML: rates of groups of the rows, and how far apart they may be."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.settings.limits import MOST_ROWS
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.settings.slices import Slices

Rate = Literal["selection", "error", "false_negative", "false_positive", "bias"]
# The rates of each task, and those that are measured if `rates` is not given.
RATES: dict[str, tuple[Rate, ...]] = {
    "binary": ("selection", "error", "false_negative", "false_positive"),
    "multiclass": ("error",),
    "regression": ("error", "bias"),
}
DEFAULTS: dict[str, tuple[Rate, ...]] = {**RATES, "binary": ("selection", "error", "false_negative")}


class Fairness(Section):
    """Rates of groups, measured on labeled rows, and the largest gap between two groups that is allowed.

    Of two classes, the second one (in order of their names) is selected: `selection` is the share of rows predicted as
    it, `error` of rows predicted wrongly, `false_negative` of the rows with that label that are not predicted as it,
    `false_positive` of the rows with the other label that are. Of more classes there is the `error`. Of numbers `error`
    is the mean absolute error and `bias` the mean of prediction minus label, both in units of the target.
    """

    by: Slices = Field(
        min_length=1,
        description="columns of the groups: features or `columns.extra`, by value or by bin, such as "
        "`[sex, {column: age, bins: [25, 60]}]`",
    )
    rates: tuple[Rate, ...] = Field(
        (), description="rates to measure; if not given selection, error and false_negative, or all of the task"
    )
    max_gap: float | None = Field(
        None, ge=0, le=1e12, description="largest gap between two groups that is allowed; only measured if not given"
    )
    threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="probability from which the second of two classes is predicted; the decision of the loss if not "
        "given, for `cost_matrix` the cheapest",
    )
    min_rows: int = Field(
        50, ge=10, le=MOST_ROWS, description="minimum number of rows of a rate; a smaller group is not compared"
    )

    @model_validator(mode="after")
    def _by_columns(self) -> Self:
        for at, each in enumerate(self.by):
            if each.discover:
                raise ValidationProblem("a column, whose values are the groups", key=f"by[{at}]", found="discover")
            if each.where is not None:
                raise ValidationProblem(
                    "a column, whose values are the groups",
                    key=f"by[{at}]",
                    found="a condition, which is one group",
                    remedy="derive a column from it (columns.derived), and name that under columns.extra",
                )
        return self

    def measured(self, task: str) -> tuple[Rate, ...]:
        """Return the rates to measure, each once."""
        return tuple(dict.fromkeys(self.rates or DEFAULTS[task]))


def refuse_other_task(fairness: Fairness, task: str) -> None:
    """Refuse rates that the task does not have, and a threshold where nothing is decided by one."""
    for at, rate in enumerate(fairness.rates):
        if rate not in RATES[task]:
            raise ValidationProblem(
                f"a rate of task {task}: one of {listed(RATES[task])}", key=f"fairness.rates[{at}]", found=repr(rate)
            )
    if fairness.threshold is not None and task != "binary":
        raise ValidationProblem(
            "no threshold, which needs two classes (task: binary)",
            key="fairness.threshold",
            found=f"{fairness.threshold:g} with task {task}",
            remedy="remove it",
        )
