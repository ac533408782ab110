"""What is read through an engine: files or a table, with the SQL of their columns; what is at fault if it fails."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import BadExpression, DriftloopError, SourceMissing, SourceUnreadable
from driftloop.monitoring.formats import FileFormat, Files, Look
from driftloop.monitoring.formats.base import Group, literal
from driftloop.monitoring.sources import expressions
from driftloop.monitoring.sources.engines import Engine, EngineError
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.lake import failed_while_reading

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from driftloop.monitoring.sources.lake_scan import Scanned


@dataclass(frozen=True)
class FileSource:
    """Files with their format, and the engine that reads them; `filesystem` is fsspec's, None on this machine."""

    format: FileFormat
    files: Files
    engine: DuckDB
    filesystem: Any = None


@dataclass
class Relation:
    """Files, or the table that `parts` name, with the engine that reads them.

    `describing.describe` fills in the rest: `schema` has the columns with their types, `values` the SQL by which each
    is read, `unread` that of numbers in text which cannot be read, `compiled` the SELECTs; `kinds` are types of text.
    `texts` are columns whose values are wanted as they are spelled, `commas` those whose text has decimal commas.
    `groups` are the parts of the table of files. `lake` is set for a table of Delta Lake or Iceberg.
    """

    engine: Engine
    parts: tuple[str, ...] = ()
    source: FileSource | None = None
    schema: dict[str, str] = field(default_factory=dict)
    compiled: expressions.Compiled = field(default_factory=lambda: expressions.Compiled((), "", ""))
    table_of_files: str = ""
    names_in: dict[str, str] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    commas: frozenset[str] = frozenset()
    groups: tuple[Group, ...] = ()
    lake: Scanned | None = None

    @property
    def where(self) -> str:
        return self.engine.at.where

    @property
    def files(self) -> tuple[str, ...]:
        return self.source.files.names if self.source else ()

    @property
    def looks(self) -> dict[str, Look]:
        """What the bytes of each file showed; empty for tables."""
        return dict(self.source.files.looks) if self.source else {}

    @property
    def as_text(self) -> bool:
        """Whether the values are text in the source, to be typed by the config."""
        return self.source is not None and self.source.format.as_text

    @property
    def table(self) -> str:
        """The part after FROM."""
        return self.table_of_files if self.source else ".".join(self.names([part]) for part in self.parts)

    @property
    def rows(self) -> str:
        """The SELECT with the derived columns and the filter, but without a window."""
        return self.compiled.rows

    def names(self, names: Sequence[str]) -> str:
        return self.engine.names(names)

    def shown(self, text: str) -> str:
        """A text without secrets."""
        return self.engine.at.scrub(text)

    def ask(self, sql: str) -> list[Any]:
        """The rows of a statement that has few."""
        return self.engine.ask(sql)

    def arrow(self, sql: str) -> pa.Table:
        return self.engine.asked(lambda: self.engine.arrow(sql, self.texts))

    def fetch(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT."""
        (frame,) = self.pieces(sql)
        return frame

    def pieces(self, sql: str, most: int | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a SELECT, `most` at a time; all in one frame without a number. At least one frame."""
        if most is not None and self.source and self.source.format.thread_groups:
            self.source.engine.one_thread()
        return self.engine.pieces(sql, most, self.texts)

    def place_of(self, column: str, text: str) -> str:
        """The file and the line of the first field of a column that starts with a text; empty if that is not known."""
        if self.source is None or not self.as_text:
            return ""
        of, files = self.source.format, self.source.files
        for file in self.headers:
            if column not in self.headers[file]:
                continue
            table = of.table(files, [file], (), {}, self.commas)
            sql = f"SELECT 1 FROM {table.sql} WHERE starts_with({table.names[column]}, {literal(text)}) LIMIT 1"
            if not self.source.engine.beside(sql):
                continue
            line = of.line_of(files.opener(file), files.looks[file], column, text)
            return self.shown(file) + (f", line {line:,}" if line else "")
        return ""


def blame(relation: Relation, why: str) -> DriftloopError:
    """The error that names the file or the expression at fault, found by trying each alone, after a failure."""
    engine = relation.engine
    if relation.lake is not None and relation.lake.error is not None:
        return failed_while_reading(engine.at, relation.lake.lake, relation.lake.error)
    if engine.server and (engine.lost() or _failure(relation, f"SELECT * FROM {relation.table} LIMIT 0")):
        return SourceMissing(relation.where, why, "check that the database answers, and that its role may SELECT there")
    if relation.source is not None:
        of, files = relation.source.format, relation.source.files
        for name in files.names:
            sql = f"SELECT bit_xor(hash(t)) AS n FROM (SELECT * FROM {of.alone(files, name)}) AS t"
            alone = _failure(relation, sql)
            if alone is not None:
                flaw = of.flaw(files.opener(name), files.looks[name])
                return SourceUnreadable(relation.shown(name), flaw or alone)
    for key, expression, made in relation.compiled.each:
        sql = made()
        value = relation.names([key.removeprefix("columns.derived.")]) if key.startswith("columns.derived.") else "*"
        failure = _failure(relation, f"SELECT * FROM ({sql}) AS t LIMIT 0")  # it does not fit the columns
        failure = failure or _failure(relation, f"SELECT count({value}) FROM ({sql}) AS t")  # it fails on a value
        if failure is not None:
            return BadExpression(key, expression, failure) if key else SourceUnreadable(relation.where, failure)
    return SourceUnreadable(relation.where, why)


def _failure(relation: Relation, sql: str) -> str | None:
    try:
        relation.fetch(sql)
    except EngineError as failed:
        return str(failed)
    return None
