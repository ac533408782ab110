"""A version that serves: loaded, compared with its stored predictions, warmed up; and what it answers to a request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import Reference, changed
from driftloop.monitoring.served.loader import Served
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.derivation import Derivation, UnreadValues
from driftloop.monitoring.sources.engines import EngineError, of_source
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.as_trained import as_trained
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import Version, contents
from driftloop.pipelines.registry.serving import served as plain_predictor
from driftloop.pipelines.scoring import bodies, refusals
from driftloop.pipelines.scoring.answers import arrow_answer, json_answer
from driftloop.pipelines.scoring.refusals import Refused

# What an offset moves out of the years 1 to 9999 is not a time.
EARLIEST, LATEST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31", "us")
# A whole number that is larger comes from the parsers as a rounded float.
LEAST_ROUNDED = 2.0**63


@dataclass(frozen=True)
class Scored:
    """Rows of one request with their predictions: `typed` features by name, `moments` in UTC, ids as text.

    `predicted` has shape (n,), or (n, k) in the order of the classes of `by`. `warnings` are sentences for the caller.
    """

    by: Loaded
    request_id: str
    typed: Mapping[str, NDArray[Any]]
    moments: pd.Series[Any]
    ids: pd.DataFrame
    predicted: NDArray[np.float64]
    warnings: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(self.predicted)

    def answer(self, kind: str) -> bytes:
        """Return the body of the answer, of the same type as that of the request."""
        version = self.by.version
        about: dict[str, Any] = {"model": version.model, "version": version.number, "request_id": self.request_id}
        if self.warnings:
            about["warnings"] = list(self.warnings)
        make = json_answer if kind == bodies.JSON else arrow_answer
        return make(about, self.ids, self.predicted, self.by.served.classes)


@dataclass(frozen=True)
class Asked:
    """The columns that a version needs from a body, and the number of its rows."""

    columns: dict[str, bodies.Values]
    count: int


@dataclass(frozen=True, eq=False)
class Loaded:
    """A version in memory. `config` is the config with the features of the version, `project` the one of the file."""

    project: Project
    config: Project
    version: Version
    served: Served
    derivation: Derivation | None
    adopted: bool
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The columns of the id that a request may have."""
        columns = self.config.columns
        return tuple(name for name in columns.id if name != columns.time)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """The columns of numbers that a request must have."""
        return tuple(name for name in self.served.numeric if name not in self._derived)

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The further columns that a request must have."""
        plain = [name for name in self.served.levels if name not in self._derived]
        reads = self.derivation.reads if self.derivation else ()
        return tuple(name for name in dict.fromkeys([*plain, *reads]) if name not in self.numeric)

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """The columns that a request may have: the time and the id, unless features need them."""
        taken = {*self.numeric, *self.others}
        return tuple(name for name in (self.config.columns.time, *self.ids) if name not in taken)

    @cached_property
    def _derived(self) -> frozenset[str]:
        return frozenset(self.derivation.names if self.derivation else ())

    @cached_property
    def _levels(self) -> dict[str, frozenset[str]]:
        """The categories that the estimator knows; an adopted model gets all of them as they are."""
        return {} if self.adopted else {name: frozenset(levels) for name, levels in self.served.levels.items()}

    def score(self, kind: str, body: bytes) -> Scored:
        """Predict the rows of a body. `Refused` if it cannot be read, `DriftloopError` if the estimator fails."""
        return self.scored(self.read(bodies.parsed(kind, body)))

    def read(self, rows: bodies.Rows) -> Asked:
        """Return the columns that this version needs. `Refused` if one is missing, or has a value of another type."""
        return Asked(*bodies.columns_of(rows, self.numeric, self.others, self.optional))

    def scored(self, asked: Asked) -> Scored:
        """Predict rows that were read for this version. Raises as `score`."""
        columns, count = asked.columns, asked.count
        index = pd.RangeIndex(count)
        if self.derivation is not None:
            columns = self._with_derived(self.derivation, pd.DataFrame(columns, index, copy=False))
        moments, ids = self._moments(columns, index), self._ids(columns, index)
        typed = self.served.columns(columns)
        predicted = self.served.score(typed) if count else np.empty((0, *self._shape))
        return Scored(self, uuid.uuid4().hex, typed, moments, ids, predicted, self._warnings(typed, count))

    @property
    def _shape(self) -> tuple[int, ...]:
        return (len(self.served.classes),) if self.served.classes else ()

    def _with_derived(self, derivation: Derivation, frame: pd.DataFrame) -> dict[str, bodies.Values]:
        try:
            return {str(name): values for name, values in derivation.added(frame).items()}
        except UnreadValues as error:
            raise refusals.wrong_value(error.column, None, error.example, f"a value of the type {error.kind}") from None
        except EngineError as error:
            raise Refused(
                422,
                f"{', '.join(derivation.names)} cannot be computed: {error}",
                expected="values that the expressions of columns.derived accept",
                remedy="correct the values, or the expressions in the config",
            ) from None

    def _moments(self, columns: Mapping[str, bodies.Values], index: pd.RangeIndex) -> pd.Series[Any]:
        """Return the time of each row in UTC, that of the request where a row has none."""
        time, zone = self.config.columns.time, self.config.columns.time_zone
        if time not in columns:
            return _now(index)
        values = pd.Series(columns[time], name=time, copy=False)
        there = values.notna()
        values = values if there.all() else values[there]
        if values.empty:
            return _now(index)
        exact = _exact(values)
        if exact is None:
            exact = _read_times(values, zone)
        if len(values) == len(index):
            return exact
        moments = _now(index)
        moments[values.index] = exact
        return moments

    def _ids(self, columns: Mapping[str, bodies.Values], index: pd.RangeIndex) -> pd.DataFrame:
        named = {name: _id_labels(name, pd.Series(columns[name], copy=False)) for name in self.ids if name in columns}
        return pd.DataFrame(named, index=index)

    def _warnings(self, typed: Mapping[str, NDArray[Any]], count: int) -> tuple[str, ...]:
        found = []
        for name, known in self._levels.items():
            values = typed[name]
            if not known.issuperset(set(values) - {None}):
                unknown = [value for value in values if value is not None and value not in known]
                example = f"{len(unknown):,} of {count:,} values are unknown to the model, such as {unknown[0][:80]!r}"
                found.append(f"{name}: {example}; they count as missing")
        return tuple(found)


def _id_labels(name: str, values: pd.Series[Any]) -> pd.Series[Any]:
    """Return ids as text; `Refused` for a number whose last digits the parser has rounded."""
    for at, value in enumerate(values.to_numpy() if values.dtype == object or values.dtype.kind == "f" else ()):
        if isinstance(value, float) and LEAST_ROUNDED <= abs(value) < np.inf:
            raise refusals.wrong_value(name, at, value, "a number of at most 64 bits, or text,")
    return labels(values)


def _read_times(values: pd.Series[Any], zone: str) -> pd.Series[Any]:
    """Return times of any form in UTC; `Refused` for others, naming an example."""
    time, expected = str(values.name), "a time of the years 1 to 9999 such as 2026-01-31T06:00:00Z"
    try:
        found = times.kind_of(pa.array(values, from_pandas=True).type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        at = next((value for value in values if not isinstance(value, str)), values.iloc[0])
        raise refusals.wrong_value(time, None, at, expected) from None
    if found is None:
        raise refusals.wrong_value(time, None, values.iloc[0], expected)
    try:
        moments = times.to_utc(values, found, zone, time)
    except DriftloopError as error:
        raise Refused(422, error.found, expected=error.expected, remedy=error.remedy) from None
    plain = moments.dt.tz_localize(None).to_numpy()
    outside = (plain < EARLIEST) | (plain >= LATEST)
    if outside.any():
        raise refusals.wrong_value(time, None, values.iloc[int(outside.argmax())], expected)
    return moments


def _now(index: pd.Index[Any]) -> pd.Series[Any]:
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    return _in_utc(np.full(len(index), now), index)


def _in_utc(moments: NDArray[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    utc: pd.Series[Any] = pd.Series(moments, index).dt.tz_localize("UTC")
    return utc


def _exact(values: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return texts in ISO 8601 with an offset as moments in UTC, faster than other times are read; None for others."""
    if values.dtype != object:
        return None
    try:
        moments = [datetime.fromisoformat(value) for value in values.to_numpy()]
    except (TypeError, ValueError):
        return None
    if any(moment.tzinfo is None for moment in moments):
        return None
    utc = pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy().view("datetime64[us]")
    return _in_utc(utc, values.index) if utc.min() > EARLIEST and utc.max() < LATEST else None


def load(project: Project, version: Version) -> Loaded:
    """Load a version, compare it with its stored predictions, and score rows once.

    Raises what a check would raise: `StoredModelDiffers`, `Tampered`, `Untrusted`, an outage.
    """
    reference = registry.reference(version)
    config = as_trained(project, reference)
    config = changed(config, columns=changed(config.columns.unweighted, extra={}))
    own_code.importable(project)
    scorer = contents.prove(config, version)
    _on_one_thread(scorer.estimator)
    derivation = _derivation(config, reference, scorer.features.names)
    adopted = scorer.contract is not None
    made = Loaded(project, config, version, plain_predictor(scorer), derivation, adopted=adopted)
    # The first rows through pandas and the estimator take several times as long as later ones.
    made.served.predict(registry.reference_rows(version).head(2))
    return made


def _on_one_thread(estimator: Any) -> None:
    """Predict each request in its own thread: to share few rows among threads takes longer than to predict them."""
    with suppress(Exception):  # a custom estimator may have such methods for something else
        if type(estimator).__name__ == "Booster":
            estimator.set_param({"nthread": 1})
        elif "n_jobs" in estimator.get_params():
            estimator.set_params(n_jobs=1)


def _derivation(config: Project, reference: Reference, features: Sequence[str]) -> Derivation | None:
    """Return what derives columns; None where nothing is derived, or where another engine than DuckDB does it."""
    columns = config.columns
    wanted = [name for name in (*features, columns.time, *columns.id) if name in columns.derived]
    if not wanted or of_source(config.source) is not DuckDB:
        return None
    return Derivation(columns, reference.source_types, wanted)
