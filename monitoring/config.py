"""The monitoring half of a model's YAML. Keys equal field names, unknown keys are refused."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from driftloop.monitoring.drift.settings import ColumnDrift, Drift, settled
from driftloop.monitoring.errors import Misfit, listed, meant
from driftloop.monitoring.records import Kind, changed
from driftloop.monitoring.settings.durations import Duration, Span, format_duration, parse_duration
from driftloop.monitoring.settings.limits import LONGEST_PATH, MOST_ROWS
from driftloop.monitoring.settings.secrets import written_out
from driftloop.monitoring.settings.section import Section

__all__ = [
    "LOSSES",
    "ColumnDrift",
    "ColumnType",
    "Columns",
    "Drift",
    "Duration",
    "Monitored",
    "PerformanceSettings",
    "Preflight",
    "Section",
    "Share",
    "Source",
    "Span",
    "Task",
    "TimeZone",
    "Windows",
    "format_duration",
    "parse_duration",
]

PREDICTION = "prediction"
Task = Literal["regression", "binary", "multiclass"]
LOSSES: dict[str, tuple[str, ...]] = {
    "regression": ("mae", "mse"),
    "binary": ("log_loss", "brier", "error_rate"),
    "multiclass": ("log_loss", "brier", "error_rate"),
}


# How the text of a CSV is read. The two with a comma are numbers such as 1.234,5 and 1,234.5.
ColumnType = Literal["text", "number", "decimal_comma", "thousands_comma", "integer", "boolean", "date", "timestamp"]
NUMBER_TYPES = ("number", "decimal_comma", "thousands_comma", "integer", "boolean")
# Files of the zone database that are no zones, or that mean something else on each machine.
NO_ZONES = ("posixrules", "localtime", "Factory")


def _known_zone(zone: str) -> str:
    try:
        known = zone in _zones()
        ZoneInfo(zone if known else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Misfit("a time zone such as UTC or Europe/Berlin") from error
    if not known or zone in NO_ZONES:
        raise Misfit("a time zone such as UTC or Europe/Berlin")
    return zone


@cache
def _zones() -> frozenset[str]:
    """Return the names of the IANA database: Python opens other files of a system too, which databases do not know."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1)]


class Source(Section):
    """Where the rows come from: files (`path`) or a table of a database (`url` and `table`).

    A relative path starts at the folder of the YAML file. `${NAME}` is filled from the environment when the source is
    opened and is kept as written everywhere else, so that no secret reaches a log, Prefect or MLflow; a password or
    token that is written out is refused.

    A CSV is in UTF-8, plain or gzip; its separator is the one of its header. A column that some files of a glob lack
    is null in them.
    """

    path: str | None = Field(
        None, max_length=LONGEST_PATH, description="a file, a glob such as trips/*.parquet, or an fsspec URL"
    )
    format: Literal["parquet", "csv"] | None = Field(None, description="guessed from the path's ending if not given")
    url: str | None = Field(
        None, max_length=LONGEST_PATH, description="an ibis.connect URL: sqlite:///..., duckdb://..., postgres://..."
    )
    table: str | None = Field(None, max_length=LONGEST_PATH, description="a table of that database, or schema.table")

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        # First of all: the messages of the other rules repeat the address.
        for key, address in (("path", self.path), ("url", self.url)):
            secret = written_out(address or "")
            if secret is not None:
                raise Misfit(
                    "${NAME} in its place, filled from the environment when the source is opened",
                    key=key,
                    found=f"{secret} written out",
                    remedy="put it into an environment variable: postgres://user:${PG_PASSWORD}@host/database",
                )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            found = "neither path nor url" if self.path is None else "both path and url"
            raise Misfit("path (files), or else url and table (a database)", found=found, remedy="keep one of the two")
        if (self.url is None) != (self.table is None):
            found = "url without table" if self.table is None else "table without url"
            raise Misfit("url and table together, or path alone", found=found, remedy="add the other one")
        if self.path is not None and self.format is None and self.guess() is None:
            found = f"{self.path!r}, whose ending tells no format"
            raise Misfit("parquet or csv files", key="path", found=found, remedy="set source.format to parquet or csv")
        if self.path is None and self.format is not None:
            raise Misfit("format beside path", key="format", found="a format for a table", remedy="remove it")
        return self

    def guess(self) -> Literal["parquet", "csv"] | None:
        """Tell the format from the path's ending."""
        name = (self.path or "").lower().rstrip("}")
        if name.endswith((".parquet", ".pq")):
            return "parquet"
        return "csv" if name.endswith((".csv", ".csv.gz")) else None


class Columns(Section):
    """What the columns mean. `derived` and `filter` are SQL expressions in the source's own dialect.

    The type of a column never depends on its rows: of a CSV, and of folders such as `city=rome`, a numeric column is
    read as numbers, a categorical column and a class as the text that is there; a value that is no number is missing,
    and reported. `types` names another reading. Columns that only expressions use are typed by all of their values.
    Decimal commas are detected from the first rows of numeric columns; `types` makes that certain. NaN is missing.
    """

    time: Name = Field(description="when the row happened")
    time_zone: TimeZone = Field("UTC", description="the zone of times that carry none")
    target: Name = Field(description="what the model predicts")
    label_delay: Duration = Field(timedelta(), description="labels of rows older than this are complete")
    numeric: tuple[Name, ...] = ()
    categorical: tuple[Name, ...] = ()
    types: dict[Name, ColumnType] = Field(
        default_factory=dict,
        description="name: how the text of a source column is read, where the default will not do; "
        "decimal_comma is 1.234,5, thousands_comma is 1,234.5",
    )
    derived: dict[Name, Name] = Field(default_factory=dict, description="name: SQL expression over source columns")
    filter: str | None = Field(None, description="SQL condition; other rows are not read")

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if not self.features:
            raise Misfit(
                "at least one feature under columns.numeric or columns.categorical",
                found="no feature",
                remedy="name the columns that the model predicts from",
            )
        named = [*self.features, self.target, self.time]
        twice = sorted(name for name, times in Counter(named).items() if times > 1)
        if twice:
            raise Misfit(
                "every name once among numeric, categorical, target and time",
                found=f"{listed(twice)} more than once",
                remedy="remove it from one place; for a second use: columns.derived: {other_name: expression}",
            )
        if PREDICTION in named:
            raise Misfit(
                f"any other name than {PREDICTION!r}, which is taken by the model's own output",
                found=f"a column called {PREDICTION!r}",
                remedy=f"derive another name: columns.derived: {{earlier_{PREDICTION}: {PREDICTION}}}",
            )
        return self

    @model_validator(mode="after")
    def _types_fit(self) -> Self:
        for name, kind in self.types.items():
            key = f"types.{name}"
            if name in self.derived:
                if kind != "text":
                    remedy = f"remove it, or cast in columns.derived.{name}"
                    raise Misfit(
                        "text, for an expression that reads the source column of its own name",
                        key=key,
                        found=f"{kind!r} for a derived column",
                        remedy=remedy,
                    )
                continue
            if name in self.numeric and kind not in NUMBER_TYPES:
                remedy = f"correct the type, or move {name} to columns.categorical"
                raise Misfit(
                    f"one of {listed(NUMBER_TYPES)} for a numeric column", key=key, found=repr(kind), remedy=remedy
                )
            if name == self.time and kind not in ("text", "date", "timestamp"):
                raise Misfit("date or timestamp for the time column", key=key, found=repr(kind), remedy="correct it")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        return self.numeric + self.categorical

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Map each feature to how it is scored."""
        categorical: dict[str, Kind] = dict.fromkeys(self.categorical, "categorical")
        return {**categorical, **dict.fromkeys(self.numeric, "numeric")}


class Windows(Section):
    """Spans that are cut from `now`. The end of the current window is `now` rounded down to `align`."""

    current: Span = Field(timedelta(days=7), description="the fresh rows of one check")
    reference: Span | None = Field(
        None, description="the newest span of the training rows kept as the reference; all of them if not given"
    )
    align: Span | None = Field(None, description="1d if current is whole days, else 1h, 1m or 1s, as fits")


class Preflight(Section):
    """Limits of the checks that come before any statistics."""

    min_rows: int = Field(200, ge=1, le=MOST_ROWS, description="fewer current rows end the check as too_few_rows")
    max_new_null_share: Share = Field(0.3, description="share of nulls above the reference's own that is fatal")
    warn_new_null_share: Share = Field(0.05, description="the same, told as a warning")
    max_unseen_share: Share = Field(
        0.05, description="share of rows with a category the reference does not have: warning"
    )
    max_duplicate_share: Share = Field(0.2, description="share of rows that repeat another one exactly: warning")
    max_out_of_range_share: Share = Field(0.05, description="share of values beyond the reference's extremes: warning")


class PerformanceSettings(Section):
    """The loss by which the champion, challengers and retrains are judged. Lower is better for each."""

    loss: Literal["mae", "mse", "log_loss", "brier", "error_rate"] | None = Field(
        None, description="mae or mse for regression; log_loss, brier or error_rate for classes"
    )


class Monitored(Section):
    """What monitoring must know of a model. The whole file, with training, gate and schedule, is `Project`."""

    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$", description="its name in the registry and ledger")
    task: Task
    source: Source
    columns: Columns
    windows: Windows = Windows()
    preflight: Preflight = Preflight()
    drift: Drift = Drift()
    performance: PerformanceSettings = PerformanceSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.model == "Default":
            # MLflow keeps the files of its own experiment of that name outside the state folder.
            raise Misfit("any other name", key="model", found="'Default', which is an experiment of MLflow's own")
        loss = self.performance.loss
        if loss is not None and loss not in LOSSES[self.task]:
            fitting = LOSSES[self.task]
            raise Misfit(
                f"a loss that fits task {self.task}: one of {listed(fitting)}", key="performance.loss", found=repr(loss)
            )
        if self.columns.types and self.source.url is not None and not self.source.url.startswith("duckdb:"):
            raise Misfit(
                "types only for the text of CSV and parquet files and of DuckDB tables",
                key="columns.types",
                found="types for a table whose columns have types",
                remedy="remove them, or cast in columns.derived",
            )
        judged = {*self.columns.features, self.columns.target, PREDICTION}
        for name in sorted(set(self.drift.columns) - judged):
            raise Misfit(
                f"a feature, the target or {PREDICTION!r}",
                key=f"drift.columns.{name}",
                found="no such column",
                remedy="correct the name, or add the column to columns." + meant(name, judged),
            )
        return self

    @model_validator(mode="after")
    def _methods_known(self) -> Self:
        settled("drift.numeric", "", "numeric", self.drift.numeric, self.drift)
        settled("drift.categorical", "", "categorical", self.drift.categorical, self.drift)
        for name, own in self.drift.columns.items():
            settled(f"drift.columns.{name}", name, self.kind(name), own, self.drift)
        return self

    @property
    def loss(self) -> str:
        """The loss that counts for this model."""
        return self.performance.loss or LOSSES[self.task][0]

    @property
    def reading(self) -> Columns:
        """The columns with the type of the target, which follows from the task: how the source is to be read."""
        target = self.columns.target
        if target in self.columns.types or target in self.columns.derived:
            return self.columns
        kind: ColumnType = "number" if self.task == "regression" else "text"
        return changed(self.columns, types={**self.columns.types, target: kind})

    def kind(self, column: str) -> Kind:
        """How a column is scored. The prediction is a number, save for many classes: then the likeliest class."""
        if (kind := self.columns.kinds.get(column)) is not None:
            return kind
        if column == "prediction":
            return "categorical" if self.task == "multiclass" else "numeric"
        return "numeric" if self.task == "regression" else "categorical"
