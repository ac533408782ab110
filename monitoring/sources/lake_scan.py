"""Scans of a table in files: which files have rows of a condition, and the table as DuckDB reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
from pyarrow.fs import LocalFileSystem

from driftloop.monitoring.sources.lake import Batches, Lake


@dataclass(frozen=True)
class Bounds:
    """The range of a column in a file; None for an end that is not known. With `nulls` some values may be missing."""

    low: Any
    high: Any
    nulls: bool = True


@dataclass(frozen=True)
class Part:
    """One file of a table: the range of a column in it, if that is known, and its rows with some columns of the table.

    The batches have the columns in the order of the table's schema.
    """

    bounds: Callable[[str], Bounds | None]
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]


class Scanned(pds.Dataset):
    """A table as DuckDB reads it: it passes the columns and the condition, and takes batches as they come.

    `error` is what the library raised while it read.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.error: BaseException | None = None

    @property
    def schema(self) -> pa.Schema:
        return self.lake.schema

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: Any) -> Scan:  # noqa: A002
        """Return what DuckDB asks for batches."""
        names = list(self.schema.names if columns is None else columns)
        schema = pa.schema([self.schema.field(name) for name in names])
        return Scan(schema, lambda: self._noted(names, filter))

    def _noted(self, names: Sequence[str], condition: Any) -> Iterator[pa.RecordBatch]:
        try:
            yield from self.lake.batches(names, condition)
        except Exception as error:
            self.error = error
            raise


@dataclass(frozen=True)
class Scan:
    """A scan that DuckDB starts."""

    projected_schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]

    def to_reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.batches())


def by_parts(schema: pa.Schema, parts: Sequence[Part]) -> Batches:
    """Return how a table of files is read whose library reads one file at a time."""

    def batches(names: Sequence[str], condition: Any) -> Iterator[pa.RecordBatch]:
        read = [name for name in schema.names if name in names or mentions(condition, name)]
        for part in chosen(parts, schema, condition):
            for batch in part.read(read):
                table = pa.Table.from_batches([batch])
                if condition is not None:
                    table = table.filter(condition)
                yield from table.select(list(names)).to_batches()

    return batches


def chosen(parts: Sequence[Part], schema: pa.Schema, condition: Any) -> Sequence[Part]:
    """Return the parts whose bounds do not rule out rows of a condition, in their order."""
    if condition is None:
        return parts
    names = [name for name in schema.names if mentions(condition, name)]
    # No file is opened: Arrow compares the condition with what is known of each.
    kind, here = pds.ParquetFileFormat(), LocalFileSystem()
    fragments = [kind.make_fragment(str(at), here, _known(part, schema, names)) for at, part in enumerate(parts)]
    guide = pds.FileSystemDataset(fragments, schema, kind, here)
    return [parts[int(fragment.path)] for fragment in guide.get_fragments(condition)]


def mentions(condition: Any, name: str) -> bool:
    """Return whether a condition may read a column; a name inside of another one counts as well."""
    return condition is not None and name in str(condition)


def _known(part: Part, schema: pa.Schema, names: Sequence[str]) -> pc.Expression | None:
    each: list[pc.Expression] = []
    for name in names:
        bounds = part.bounds(name)
        if bounds is None:
            continue
        field, kind = pc.field(name), schema.field(name).type
        limits = [field >= pa.scalar(bounds.low, kind)] if bounds.low is not None else []
        limits += [field <= pa.scalar(bounds.high, kind)] if bounds.high is not None else []
        each += [limit | field.is_null() for limit in limits] if bounds.nulls else [*limits, field.is_valid()]
    return reduce(and_, each) if each else None


def conformed(batch: pa.RecordBatch, fields: Sequence[pa.Field], constants: Mapping[str, Any]) -> pa.RecordBatch:
    """Return a batch with exactly some columns: those that it lacks have one value in all rows, or null."""
    columns = []
    for field in fields:
        if field.name in batch.schema.names:
            column = batch.column(batch.schema.names.index(field.name))
            columns.append(column if column.type == field.type else column.cast(field.type))
        else:
            columns.append(pa.repeat(pa.scalar(constants.get(field.name), field.type), batch.num_rows))
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(list(fields)))
