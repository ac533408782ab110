"""Rows of a request as an Arrow IPC stream."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from driftloop.monitoring.sources.frames import beyond_the_years, from_arrow
from driftloop.pipelines.scoring.refusals import LARGEST_BODY, Refused, lost, refuse_number

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
    _refuse_inflated(name, values)
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
        _refuse_compressed(body)
        table = pa.ipc.open_stream(body).read_all()
        refuse_number(table.num_rows)
        table.validate(full=True)
    except Refused:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError, struct.error) as error:
        raise Refused(
            400,
            f"a body that is not an Arrow IPC stream: {str(error).splitlines()[0] if str(error) else error!r}",
            expected="the stream format, as pyarrow.ipc.new_stream writes it",
            remedy="write the table with pyarrow.ipc.new_stream(sink, table.schema)",
        ) from None
    return table


def _refuse_compressed(body: bytes) -> None:
    """Raise `Refused` for compressed buffers: a body of a few bytes could take any memory."""
    for message in pa.ipc.MessageReader.open_stream(body):
        header = _Table.root(bytes(message.metadata)).table(2)
        batch = header.table(1) if header is not None and message.type == "dictionary" else header
        if message.type in ("record batch", "dictionary") and batch is not None and batch.table(3) is not None:
            raise Refused(
                422,
                "an Arrow stream with compressed buffers",
                expected="buffers that are not compressed",
                remedy="write it without pyarrow.ipc.IpcWriteOptions(compression=...)",
            )


class _Table(NamedTuple):
    """A table of flatbuffers, as far as it has to be read here: fields that are tables."""

    content: bytes
    at: int

    @classmethod
    def root(cls, content: bytes) -> _Table:
        return cls(content, *struct.unpack_from("<I", content, 0))

    def table(self, number: int) -> _Table | None:
        """Return the field of a number; None if it is not there."""
        layout = self.at - struct.unpack_from("<i", self.content, self.at)[0]
        place = 4 + 2 * number
        if place >= struct.unpack_from("<H", self.content, layout)[0]:
            return None
        offset = struct.unpack_from("<H", self.content, layout + place)[0]
        if not offset:
            return None
        field = self.at + offset
        return _Table(self.content, field + struct.unpack_from("<I", self.content, field)[0])


def _refuse_inflated(name: str, values: pa.ChunkedArray) -> None:
    """Raise `Refused` for text that is longer than a body: rows of views and dictionaries can share one long value."""
    if sum(map(_text_length, values.chunks)) > LARGEST_BODY:
        raise Refused(
            413,
            f"more text in the column {name!r} than a body can have",
            expected=f"at most {LARGEST_BODY:,} bytes",
            remedy="send several requests with fewer rows each",
        )


def _text_length(chunk: pa.Array) -> int:
    """Return the bytes of all texts of a column, each as often as it occurs; 0 for another type."""
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        if not _is_text(kind.value_type) or _is_view(kind.value_type):
            return _text_length(chunk.dictionary) * len(chunk)
        return pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
    if _is_view(kind):
        # A view is four numbers, the first one its length.
        views = np.frombuffer(chunk.buffers()[1], np.int32).reshape(-1, 4)[chunk.offset : chunk.offset + len(chunk)]
        return int(views[chunk.is_valid().to_numpy(zero_copy_only=False), 0].sum(dtype=np.int64))
    return pc.sum(pc.binary_length(chunk)).as_py() or 0 if _is_text(kind) else 0


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def _is_text(kind: pa.DataType) -> bool:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return _is_view(kind) or any(is_text(kind) for is_text in texts)
