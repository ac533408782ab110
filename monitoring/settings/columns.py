"""Section `columns` of a model's YAML: what each column means and how it is read."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from driftloop.monitoring.errors import ValidationProblem, listed
from driftloop.monitoring.records import Kind, changed
from driftloop.monitoring.settings.durations import Duration
from driftloop.monitoring.settings.rules import Rule, others
from driftloop.monitoring.settings.section import Section

PREDICTION = "prediction"
LOGGED = ("row", "version", "model_id", PREDICTION)  # what the prediction log calls its own columns
# How text of files is read. The two with a comma are numbers such as 1.234,5 and 1,234.5.
ColumnType = Literal["text", "number", "decimal_comma", "thousands_comma", "integer", "boolean", "date", "timestamp"]
NUMBER_TYPES = ("number", "decimal_comma", "thousands_comma", "integer", "boolean")
# Files of the zone database that are no zones, or that mean something else on each machine.
NO_ZONES = ("posixrules", "localtime", "Factory")


def _known_zone(zone: str) -> str:
    try:
        known = zone in _zones()
        ZoneInfo(zone if known else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationProblem("a time zone such as UTC or Europe/Berlin") from error
    if not known or zone in NO_ZONES:
        raise ValidationProblem("a time zone such as UTC or Europe/Berlin")
    return zone


@cache
def _zones() -> frozenset[str]:
    """Return the names of the IANA database: Python opens other files of a system too, which databases do not know."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Name = Annotated[str, Field(min_length=1)]


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Name, ...], BeforeValidator(_as_names)]
"""One name, or several of them in a list."""


def _as_kinds(value: Any) -> Any:
    names = _as_names(value)
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return value
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValidationProblem("every name once", found=f"{listed(twice)} more than once")
    return dict.fromkeys(names, "categorical")


class Columns(Section):
    """Meaning of the columns. `derived` and `filter` are SQL expressions in the source's dialect.

    The type of a column never depends on its rows. In text files and in folders such as `city=rome`, a numeric column
    is read as numbers, and a categorical column or a class as text. A value that is not a number is missing, and
    reported. `types` sets another type. Columns that only expressions use get their type from all of their values.
    Decimal commas are detected from the first rows of numeric columns; set `types` to be certain. NaN is missing.
    """

    time: Name = Field(description="column with the time of each row")
    time_zone: TimeZone = Field("UTC", description="time zone of times without an offset")
    target: Name = Field(description="column that the model predicts")
    label_delay: Duration = Field(
        timedelta(), description="delay of labels: labels of rows older than this are complete"
    )
    id: Names = Field((), description="columns that name a row, such as order_id; kept with its predictions")
    weight: Name | None = Field(
        None,
        description="column with the weight of each row, at least 0, in fits, losses, metrics and drift; not a feature",
    )
    numeric: tuple[Name, ...] = Field((), description="features that are numbers")
    categorical: tuple[Name, ...] = Field((), description="features that are categories")
    extra: Annotated[
        dict[Name, Kind], BeforeValidator(_as_kinds, json_schema_input_type=dict[Name, Kind] | list[Name] | Name)
    ] = Field(
        default_factory=dict,
        description="columns that no model uses, read for `slices` and `fairness`: a list of categories, or "
        "`{sex: categorical, income: numeric}`",
    )
    types: dict[Name, ColumnType] = Field(
        default_factory=dict,
        description="name: type of a source column, if the default does not fit; "
        "decimal_comma is 1.234,5, thousands_comma is 1,234.5",
    )
    derived: dict[Name, Name] = Field(default_factory=dict, description="name: SQL expression over source columns")
    filter: str | None = Field(None, description="SQL condition; rows that do not meet it are not read")
    rules: dict[Name, Rule] = Field(
        default_factory=dict, max_length=1000, description="name: limits of a column; see `columns.rules`"
    )

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if not self.features:
            raise ValidationProblem(
                "at least one feature under columns.numeric or columns.categorical",
                found="no feature",
                remedy="name the columns that the model predicts from",
            )
        named = [*self.features, self.target, self.time, *self.of_weight]
        twice = sorted(name for name, times in Counter(named).items() if times > 1)
        if twice:
            raise ValidationProblem(
                "every name once among numeric, categorical, target, time and weight",
                found=f"{listed(twice)} more than once",
                remedy="remove it from one place; for a second use: columns.derived: {other_name: expression}",
            )
        if PREDICTION in named:
            raise ValidationProblem(
                f"any other name than {PREDICTION!r}, which is taken by the model's own output",
                found=f"a column called {PREDICTION!r}",
                remedy=f"derive another name: columns.derived: {{earlier_{PREDICTION}: {PREDICTION}}}",
            )
        return self

    @model_validator(mode="after")
    def _id_fits(self) -> Self:
        taken = next((name for name in self.id if name in LOGGED), None)
        role = "target" if self.target in self.id else "weight" if self.weight in self.id else ""
        found = f"the {role}" if role else f"{taken!r}, a column of the prediction log" if taken else ""
        twice = sorted(name for name, times in Counter(self.id).items() if times > 1)
        if found or twice:
            raise ValidationProblem(
                "the columns by which a row is known elsewhere, such as order_id, each once",
                key="id",
                found=found or f"{listed(twice)} more than once",
                remedy="name other columns; another name for one: columns.derived: {other_name: expression}",
            )
        return self

    @model_validator(mode="after")
    def _extra_is_apart(self) -> Self:
        places = {"a feature": self.features, "the target": (self.target,), "the time": (self.time,)}
        places |= {"a column of the id": self.id, "the prediction": (PREDICTION,), "the weight": self.of_weight}
        for name in self.extra:
            if place := next((place for place, names in places.items() if name in names), None):
                raise ValidationProblem(
                    "columns that the model does not use",
                    key=f"extra.{name}",
                    found=f"{name!r}, {place}",
                    remedy="remove it there; slices and fairness read features and the id as well",
                )
        return self

    @model_validator(mode="after")
    def _types_fit(self) -> Self:
        for name, kind in self.types.items():
            key = f"types.{name}"
            if name in self.derived:
                if kind != "text":
                    remedy = f"remove it, or cast in columns.derived.{name}"
                    raise ValidationProblem(
                        "text, for an expression that reads the source column of its own name",
                        key=key,
                        found=f"{kind!r} for a derived column",
                        remedy=remedy,
                    )
                continue
            extra_number = self.extra.get(name) == "numeric"
            if (name in (*self.numeric, *self.of_weight) or extra_number) and kind not in NUMBER_TYPES:
                other = "" if name == self.weight else f", or move {name} to columns.categorical"
                remedy = f"correct the type{other}"
                raise ValidationProblem(
                    f"one of {listed(NUMBER_TYPES)} for a numeric column", key=key, found=repr(kind), remedy=remedy
                )
            if name == self.time and kind not in ("text", "date", "timestamp"):
                raise ValidationProblem(
                    "date or timestamp for the time column", key=key, found=repr(kind), remedy="correct it"
                )
        return self

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        for name, rule in self.rules.items():
            numeric = name in self.numeric or self.extra.get(name) == "numeric"
            rule.refuse(f"rules.{name}", numeric=numeric, is_time=name == self.time)
        return self

    @property
    def features(self) -> tuple[str, ...]:
        return self.numeric + self.categorical

    @property
    def of_weight(self) -> tuple[str, ...]:
        """The column of the weight, if there is one."""
        return () if self.weight is None else (self.weight,)

    @property
    def unweighted(self) -> Self:
        """The same columns without the weight, for rows that are only predicted."""
        return changed(self, weight=None)

    @property
    def in_rows(self) -> tuple[str, ...]:
        """The columns that are read from the source of the rows, each once."""
        return tuple(dict.fromkeys((self.time, *self.id, *self.extra, *self.features, *self.of_weight, self.target)))

    @property
    def ruled_alone(self) -> tuple[str, ...]:
        """The columns that rules read and no other part of the config."""
        return others(self.rules, (self.time, *self.id, *self.features, *self.extra, self.target))

    @property
    def by_rules(self) -> dict[str, Rule]:
        """The rules whose columns are read only because of them; none where rules are not evaluated."""
        return {}

    @property
    def id_alone(self) -> tuple[str, ...]:
        """The columns of the id that are neither the time nor a feature."""
        return tuple(name for name in self.id if name != self.time and name not in self.features)

    def extra_alone(self, kind: Kind | None = None) -> tuple[str, ...]:
        """Return the extra columns, all or those of a kind; without those that a champion uses as features."""
        return tuple(name for name, its in self.extra.items() if name not in self.features and kind in (None, its))

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Map each feature to how it is scored."""
        categorical: dict[str, Kind] = dict.fromkeys(self.categorical, "categorical")
        return {**categorical, **dict.fromkeys(self.numeric, "numeric")}
