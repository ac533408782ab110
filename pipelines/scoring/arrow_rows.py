"""Rows of a request as an Arrow IPC stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from driftloop.monitoring.sources.frames import beyond_the_years, from_arrow
from driftloop.pipelines.scoring.refusals import Refused, lost, refuse_number

# Without it a body that was cut would be a shorter table.
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class ArrowRows:
    """Rows as a table of Arrow."""

    table: pa.Table

    def gather(
        self, names: Sequence[str], optional: Sequence[str], numeric: Set[str]
    ) -> tuple[Mapping[str, pd.Series[Any]], int]:
        """Return columns and the number of rows; see `columns_of`."""
        there = self.table.column_names
        for name in names:
            if name not in there:
                raise lost(name, 0, [dict.fromkeys(there)])
        wanted = [name for name in dict.fromkeys([*names, *optional]) if name in there]
        table = pa.table({name: _values(self.table, name) for name in wanted})
        frame = from_arrow(table)
        return {str(name): values for name, values in frame.items()}, self.table.num_rows


def _values(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column of single values; `Refused` for a type that has none, or a time that Python cannot hold."""
    kind, count = table.schema.field(table.column_names.index(name)).type, table.column_names.count(name)
    odd = pa.types.is_nested(kind) or pa.types.is_run_end_encoded(kind) or isinstance(kind, pa.BaseExtensionType)
    if odd or count > 1:
        raise Refused(
            422,
            f"the column {name!r} is there {count} times"
            if count > 1
            else f"the column {name!r} is of the type {kind}",
            expected="one column of single values",
            remedy="send numbers, text, booleans or times",
        )
    values = table.column(name)
    if pa.types.is_dictionary(kind) and pa.types.is_temporal(kind.value_type):
        values = values.cast(kind.value_type)
    if beyond_the_years(values):
        raise Refused(
            422,
            f"the column {name!r} has a time before the year 1 or after the year 9999",
            expected="times of the years 1 to 9999",
            remedy="correct the value, or send null for a missing one",
        )
    return values


def table_of(body: bytes) -> pa.Table:
    """Return the table of an Arrow IPC stream; `Refused` if it is none, or has too many rows."""
    try:
        if not body.endswith(END_OF_STREAM):
            raise pa.ArrowInvalid("it has no end-of-stream marker")
        table = pa.ipc.open_stream(body).read_all()
        refuse_number(table.num_rows)
        table.validate(full=True)
    except Refused:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Refused(
            400,
            f"a body that is not an Arrow IPC stream: {str(error).splitlines()[0] if str(error) else error!r}",
            expected="the stream format, as pyarrow.ipc.new_stream writes it",
            remedy="write the table with pyarrow.ipc.new_stream(sink, table.schema)",
        ) from None
    return table
