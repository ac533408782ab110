"""Section `slices` of a model's YAML: parts of the rows whose loss is judged on its own."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.settings.columns import Columns, Name
from driftloop.monitoring.settings.section import Section

MOST_SLICES = 50


class Slice(Section):
    """A column, with one slice per value or per bin, or a condition with a name; or `discover`, to find others.

    `[zone, {column: age, bins: [0, 25, 60]}, {name: night, where: "hour >= 22 or hour < 5"}]` are slices by value, by
    bin and by condition. They read features, the time and the columns of `columns.id` and `columns.extra`.
    """

    column: Name | None = Field(None, description="column with one slice per value, or per bin")
    bins: tuple[float, ...] = Field(
        (), max_length=50, description="increasing bounds; a value on a bound belongs to the bin above it"
    )
    name: Name | None = Field(None, max_length=200, description="name of the slice; that of the column if not given")
    where: Name | None = Field(
        None,
        max_length=10_000,
        description="SQL condition (DuckDB) over features and the time, which is local time in `columns.time_zone`",
    )

    discover: bool = Field(
        False,
        description="`{discover: true}` finds conditions on which the champion loses more than on other rows",
    )

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.discover:
            return self._alone()
        if (self.column is None) == (self.where is None):
            raise ValidationProblem(
                "either a column or a condition",
                found="both" if self.column is not None else "neither",
                remedy='for example {column: age, bins: [0, 25, 60]}, or {name: night, where: "hour >= 22"}',
            )
        if self.where is not None and self.name is None:
            raise ValidationProblem("a name for the slice of a condition", key="name", found="no name")
        if self.bins and self.column is None:
            raise ValidationProblem("bins of a column", key="bins", found="bins of a condition", remedy="remove them")
        if any(low >= high for low, high in pairwise(self.bins)):
            found = ", ".join(f"{bound:g}" for bound in self.bins)
            raise ValidationProblem(
                "increasing bounds", key="bins", found=found, remedy="sort them, and write each once"
            )
        return self

    def _alone(self) -> Self:
        if self.column is not None or self.where is not None or self.bins or self.name is not None:
            raise ValidationProblem(
                "{discover: true} as an entry of its own", found="more keys", remedy="write two entries"
            )
        return self

    @property
    def title(self) -> str:
        """The name, by which slices of a config differ."""
        return "discover" if self.discover else self.name or self.column or ""

    @property
    def rule(self) -> str:
        """The definition in one line; a changed definition is another slice."""
        if self.where is not None:
            return f"where {self.where}"
        bounds = ", ".join(f"{bound:.15g}" for bound in self.bins)
        return f"{self.column} by [{bounds}]" if self.bins else f"{self.column}"


BETWEEN = re.compile(r"-?[\d.e+-]+ to -?[\d.e+-]+")


def _short(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Slices = Annotated[
    tuple[Annotated[Slice, BeforeValidator(_short, json_schema_input_type=str | Slice)], ...],
    Field(max_length=MOST_SLICES),
]
"""Slices, of which a string is short for the slices of that column."""


def _refuse_parts(slices: tuple[Slice, ...], section: str) -> None:
    """Refuse a name that a part of another slice may have: parts of a column are `zone = north`, `zone missing`."""
    for of_column in (each for each in slices if each.column is not None):
        title = of_column.title
        for at, each in enumerate(slices):
            rest = each.title.removeprefix(f"{title} ")
            if each is of_column or rest == each.title:
                continue
            if rest == "missing" or rest.startswith(("= ", "< ", ">= ")) or BETWEEN.fullmatch(rest):
                raise ValidationProblem(
                    "names that no part of another slice has",
                    key=f"{section}[{at}]",
                    found=f"{each.title!r}, as a part of the slices of {title!r} is called",
                    remedy="set another `name`",
                )


def check_names(slices: tuple[Slice, ...], columns: Columns, section: str = "slices") -> None:
    """Refuse a name that is taken, a column that no slice can read, and bins of a category."""
    titles = [each.title for each in slices]
    if twice := sorted({title for title in titles if titles.count(title) > 1}):
        raise ValidationProblem(
            "every name once", key=section, found=f"{listed(twice)} more than once", remedy="add `name` to one of them"
        )
    _refuse_parts(slices, section)
    for at, each in enumerate(slices):
        if each.column is None:
            continue
        key = f"{section}[{at}].column"
        refuse_unreadable([each.column], columns, key)
        if each.column == columns.time:
            raise ValidationProblem(
                "a feature",
                key=key,
                found=f"{each.column!r}, the time",
                remedy=f'write a condition: {{name: night, where: "hour({each.column}) < 5"}}',
            )
        if each.bins and each.column not in (*columns.numeric, *columns.extra_alone("numeric")):
            raise ValidationProblem(
                "bins of a numeric column",
                key=f"{section}[{at}].bins",
                found=f"bins of {each.column!r}, which is not under columns.numeric",
                remedy=f"list the values, or write `columns.extra: {{{each.column}: numeric}}` if it is no feature",
            )


def refuse_unreadable(names: list[str], columns: Columns, key: str) -> None:
    """Refuse names, in any case, that are no feature, not the time and no column of `columns.id` or `columns.extra`."""
    known = {name.casefold(): name for name in (*columns.features, columns.time, *columns.id, *columns.extra)}
    for name in names:
        if name.casefold() == columns.target.casefold():
            raise ValidationProblem(
                "columns that are known before the label",
                key=key,
                found=f"{name!r}, the target",
                remedy="slice by a feature",
            )
        if name.casefold() not in known:
            raise ValidationProblem(
                "a feature, the time or a column of columns.id or columns.extra: one of "
                + listed(sorted(known.values())),
                key=key,
                found=repr(name),
                remedy="correct the name, or add it to columns.extra, where no model uses it",
            )
