"""One view of a table for several statements: what is counted and what is read are the same rows."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.describing import selected
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.sources.timecolumn import time_kind, time_sql, within_sql
from driftloop.monitoring.windows import within

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Snapshot:
    """A table as it is at one moment, if the engine has transactions that read so; `kind` is what its times are."""

    relation: Relation
    columns: Columns
    kind: times.Kind

    @property
    def schema(self) -> dict[str, str]:
        """The columns of the source with their types as the engine calls them."""
        return self.relation.schema

    def inside(self, window: Window, condition: str = "") -> str:
        """The FROM and WHERE of the rows of a window, with one more condition over their columns."""
        rows = within_sql(self.relation, self.columns, window, self.kind)
        return f"{rows} AND ({condition})" if condition else rows

    def before(self, moment: datetime) -> str:
        """The condition that a row is earlier than a moment."""
        _, end = times.bounds(Window(start=times.EVER.start, end=moment), self.kind, self.columns.time_zone)
        return f"{time_sql(self.relation, self.columns, self.kind)} < '{end}'"

    def types(self, names: Sequence[str]) -> dict[str, str]:
        """Return how columns can be counted: `boolean`, `integer`, `float`, `decimal`, `moment`, `text` or `other`."""
        select = self.relation.names(names)
        kinds = self.relation.engine.kinds(f"SELECT {select} FROM ({self.relation.rows}) AS w LIMIT 0")
        return dict(zip(names, kinds, strict=True))

    def fetch(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT that gives few; EngineError leaves the view as it is."""
        with self.relation.engine.guarded():
            return self.relation.fetch(sql)

    def frames(self, window: Window, names: Sequence[str], condition: str, most: int) -> Iterator[pd.DataFrame]:
        """The rows of a window under a condition, about `most` at a time, their times in UTC; at least one frame."""
        columns, relation = self.columns, self.relation
        select = selected(relation, names)
        for frame in relation.pieces(f"SELECT {select} FROM {self.inside(window, condition)}", most):
            frame[columns.time] = times.to_utc(frame[columns.time], self.kind, columns.time_zone, relation.where)
            yield within(frame, columns.time, window)


@contextmanager
def snapshot(source: Source, columns: Columns, folder: Path) -> Iterator[Snapshot | None]:
    """Open a source for several statements that see the same rows; None without rows."""
    with opened(source, folder, columns) as relation:
        kind = time_kind(relation, columns)
        if kind is None:
            yield None
            return
        with relation.engine.snapshot():
            yield Snapshot(relation, columns, kind)
