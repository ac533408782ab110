"""The monitoring half of a model's YAML. Keys equal field names, unknown keys are refused."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator, model_validator

from monitoring.drift import METHODS
from monitoring.errors import SecretMissing, listed, meant
from monitoring.records import Kind

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
Task = Literal["regression", "binary", "multiclass"]
LOSSES: dict[str, tuple[str, ...]] = {
    "regression": ("mae", "mse"),
    "binary": ("log_loss", "brier", "error_rate"),
    "multiclass": ("log_loss", "brier", "error_rate"),
}


def parse_duration(value: Any) -> Any:
    """Read `7d`, `12h`, `30m`, `45s`, `2w` or a sum such as `1d12h`.

    >>> parse_duration("1d12h")
    datetime.timedelta(days=1, seconds=43200)
    """
    if isinstance(value, timedelta):
        return value
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", str(value))
    if not parts or "".join(n + u for n, u in parts) != re.sub(r"\s", "", str(value)):
        raise ValueError(f"a duration such as 7d, 12h, 30m or 2w is expected, found {value!r}")
    return sum((timedelta(**{UNITS[unit]: float(number)}) for number, unit in parts), timedelta())


def format_duration(span: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back.

    >>> format_duration(timedelta(days=14)), format_duration(timedelta(hours=36)), format_duration(timedelta())
    ('14d', '36h', '0d')
    """
    seconds = span.total_seconds()
    if seconds == 0:
        return "0d"
    for letter, unit in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % unit == 0:
            return f"{int(seconds // unit)}{letter}"
    return f"{seconds:g}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]


def expand(text: str, key: str) -> str:
    """Fill `${NAME}` and `${NAME:-default}` from the environment, at the moment of use and not before.

    >>> expand("${NO_SUCH_VARIABLE:-here}/rows.csv", "source.path")
    'here/rows.csv'
    """

    def fill(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        value = os.environ.get(name, default)
        if value is None:
            raise SecretMissing(key, name)
        return value

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", fill, text)


class Section(BaseModel):
    """One block of the YAML: closed and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Section):
    """Where the rows come from: files (`path`) or a table of a database (`url` and `table`).

    A relative path starts at the folder of the YAML file. `${NAME}` is filled from the environment when the source is
    opened and is kept as written everywhere else, so that no secret reaches a log, Prefect or MLflow.
    """

    path: str | None = Field(None, description="a file, a glob such as trips/*.parquet, or an fsspec URL")
    format: Literal["parquet", "csv"] | None = Field(None, description="guessed from the path's ending if not given")
    url: str | None = Field(None, description="an ibis.connect URL: sqlite:///..., duckdb://..., postgres://...")
    table: str | None = Field(None, description="a table of that database, or schema.table")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either path (files) or url and table (a database)")
        if (self.url is None) != (self.table is None):
            raise ValueError("url and table go together")
        if self.path is not None and self.format is None and self.guess() is None:
            raise ValueError(f"the format of {self.path!r} cannot be guessed: set format to parquet or csv")
        if self.path is None and self.format is not None:
            raise ValueError("format belongs to files, not to a table")
        return self

    def guess(self) -> Literal["parquet", "csv"] | None:
        """The format that the path's ending tells."""
        name = (self.path or "").lower().rstrip("}")
        for ending, known in ((".parquet", "parquet"), (".pq", "parquet"), (".csv", "csv"), (".csv.gz", "csv")):
            if name.endswith(ending):
                return known  # type: ignore[return-value]
        return None


class Columns(Section):
    """What the columns mean. `derived` and `filter` are SQL expressions in the source's own dialect."""

    time: str = Field(description="when the row happened")
    time_zone: str = Field("UTC", description="the zone of times that carry none")
    target: str = Field(description="what the model predicts")
    label_delay: Duration = Field(timedelta(), description="labels of rows older than this are complete")
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    derived: dict[str, str] = Field(default_factory=dict, description="name: SQL expression over the source's columns")
    filter: str | None = Field(None, description="SQL condition; other rows are not read")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no time zone {zone!r}; names look like Europe/Berlin") from error
        return zone

    @field_validator("label_delay")
    @classmethod
    def _not_negative(cls, delay: timedelta) -> timedelta:
        if delay < timedelta():
            raise ValueError("a delay cannot be negative")
        return delay

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        if not self.features:
            raise ValueError("name at least one feature under numeric or categorical")
        named = [*self.features, self.target, self.time]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"{listed(twice)} named more than once among numeric, categorical, target and time")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        return self.numeric + self.categorical


class Windows(Section):
    """Spans that are cut from `now`. The end of the current window is `now` rounded down to `align`."""

    current: Duration = Field(timedelta(days=7), description="the fresh rows of one check")
    reference: Duration | None = Field(
        None, description="the newest span of the training rows kept as the reference; all of them if not given"
    )
    align: Duration | None = Field(None, description="1d if current is whole days, else 1h, 1m or 1s, as fits")

    @field_validator("current", "reference", "align")
    @classmethod
    def _positive(cls, span: timedelta | None) -> timedelta | None:
        if span is not None and span <= timedelta():
            raise ValueError("must be longer than nothing")
        return span


Share = Annotated[float, Field(ge=0, le=1)]


class Preflight(Section):
    """Limits of the checks that come before any statistics."""

    min_rows: int = Field(200, ge=1, description="fewer current rows end the check as too_few_rows")
    max_new_null_share: Share = Field(0.3, description="share of nulls above the reference's own that is fatal")
    warn_new_null_share: Share = Field(0.05, description="the same, told as a warning")
    max_unseen_share: Share = Field(
        0.05, description="share of rows with a category the reference does not have: warning"
    )
    max_duplicate_share: Share = Field(0.2, description="share of rows that repeat another one exactly: warning")
    max_out_of_range_share: Share = Field(0.05, description="share of values beyond the reference's extremes: warning")


class ColumnDrift(Section):
    """How one column is scored. The direction belongs to the method."""

    method: str | None = None
    threshold: float | None = None


class Drift(Section):
    """How the columns are scored by Evidently against the champion's reference."""

    numeric: ColumnDrift = ColumnDrift(method="wasserstein", threshold=0.1)
    categorical: ColumnDrift = ColumnDrift(method="psi", threshold=0.2)
    columns: dict[str, ColumnDrift] = Field(default_factory=dict, description="settings of single columns")
    max_levels: int = Field(50, ge=2, le=500, description="categories kept apart; rarer ones count as one")
    sample_rows: int = Field(50_000, ge=100, description="at most so many rows a side, drawn with a seed")
    report_columns: int = Field(20, ge=1, description="columns with plots in the report, most drifted first")
    seed: int = 0


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
        loss = self.performance.loss
        if loss is not None and loss not in LOSSES[self.task]:
            raise ValueError(f"performance.loss: {loss!r} does not fit {self.task}; it has {listed(LOSSES[self.task])}")
        unknown = sorted(set(self.drift.columns) - {*self.columns.features, self.columns.target, "prediction"})
        if unknown:
            raise ValueError(f"drift.columns: {listed(unknown)} is neither a feature, the target nor 'prediction'")
        if "prediction" in self.columns.features:
            raise ValueError("columns: the name 'prediction' is taken by the model's own output; derive another name")
        return self

    @model_validator(mode="after")
    def _methods_known(self) -> Self:
        chosen = [
            ("drift.numeric", "numeric", self.drift.numeric),
            ("drift.categorical", "categorical", self.drift.categorical),
            *((f"drift.columns.{name}", self.kind(name), one) for name, one in self.drift.columns.items()),
        ]
        for key, kind, setting in chosen:
            fitting = [name for name, method in METHODS.items() if kind in method.kinds]
            if setting.method is not None and setting.method not in fitting:
                hint = meant(setting.method, fitting)
                raise ValueError(
                    f"{key}.method: {setting.method!r} does not score {kind} columns; there are {listed(fitting, 20)}.{hint}"
                )
        return self

    @property
    def loss(self) -> str:
        """The loss that counts for this model."""
        return self.performance.loss or LOSSES[self.task][0]

    def kind(self, column: str) -> Kind:
        """How a column is scored. The prediction is a number, save for many classes: then the likeliest class."""
        if column in self.columns.features:
            return "numeric" if column in self.columns.numeric else "categorical"
        if column == "prediction":
            return "categorical" if self.task == "multiclass" else "numeric"
        return "numeric" if self.task == "regression" else "categorical"
