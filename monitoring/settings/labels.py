"""Section `labels` of a model's YAML: a table of labels apart from the rows, joined to them by key."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.settings.columns import ColumnType, Name, Names
from driftloop.monitoring.settings.source import Source


class Labels(Source):
    """Labels in a table of their own: files (`path`) or a table of a database (`url` and `table`), of any engine.

    The label of a row is the newest one for its key that was known at the time of the check. A row of this table
    without a key or without a value is no label.
    """

    section: ClassVar[str] = "labels"

    key: Names = Field(min_length=1, description="columns that hold the values of `columns.id`, in the same order")
    time: Name | None = Field(
        None, description="column with the time at which the label became known; without it every label counts"
    )
    target: Name | None = Field(None, description="column with the label; `columns.target` if not given")
    types: dict[Name, ColumnType] = Field(
        default_factory=dict, description="name: type of a column of this table, as in `columns.types`"
    )
    derived: dict[Name, Name] = Field(
        default_factory=dict, description="name: SQL expression over the columns of this table, in its dialect"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [*self.key, *([self.time] if self.time else []), *([self.target] if self.target else [])]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValidationProblem(
                "every name once among key, time and target",
                found=f"{listed(twice)} more than once",
                remedy="name another column",
            )
        return self
