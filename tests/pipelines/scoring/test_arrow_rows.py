"""Arrow streams as rows: every type of single values is read, every other body is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.served.reading import read
from driftloop.monitoring.served.spelling import labels
from driftloop.pipelines.scoring import arrow_rows
from driftloop.pipelines.scoring.bodies import ARROW, columns_of, parsed
from driftloop.pipelines.scoring.refusals import Refused
from tests.pipelines.scoring.test_bodies import refused, stream_of


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (pa.table({"c": ["a"]}), "lack 'n'"),
        (pa.table({"n": [1], "c": [["a"]]}), "of the type list"),
        (pa.table([pa.array([1]), pa.array([2]), pa.array(["a"])], names=["n", "n", "c"]), "there 2 times"),
        (pa.table({"n": ["ten"], "c": ["a"]}), "row 0: n is 'ten'"),
        (pa.table({"n": pa.array([0], pa.timestamp("s")), "c": ["a"]}), "row 0: n is"),
        (pa.table({"n": [1], "c": pa.RunEndEncodedArray.from_arrays([1], ["a"])}), "of the type run_end_encoded"),
        (pa.table({"n": [1], "c": ["a"], "id": pa.array([b"1" * 16], pa.uuid())}), "of the type extension"),
        (pa.table({"n": [1], "c": ["a"], "id": pa.array([2**62], pa.timestamp("s"))}), "before the year 1 or after"),
    ],
)
def test_a_bad_table_is_refused(table: pa.Table, found: str) -> None:
    """A column that is missing, nested, there twice or of another type."""
    error = refused(ARROW, stream_of(table))
    assert error.status == 422
    assert found in error.found


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["7", None]).dictionary_encode(),
        pa.array(["7", None], pa.large_string()),
        pa.array(["7", None], pa.string_view()),
        pa.array([Decimal(7), None], pa.decimal256(60, 2)),
        pa.array([7, None], pa.uint64()),
    ],
)
def test_types_of_arrow_are_read(values: pa.Array) -> None:
    """As a number, a category and an id."""
    columns, count = columns_of(parsed(ARROW, stream_of(pa.table({"n": values, "c": values}))), ["n"], ["c"])
    numbers = read(pd.Series(columns["n"])).made
    assert (numbers[0], bool(np.isnan(numbers[1])), count) == (7.0, True, 2)
    assert labels(pd.Series(columns["c"])).tolist() == ["7", None]


def test_bytes_that_are_no_stream_are_refused() -> None:
    """Cut at any byte, with a byte changed, or as a file: an answer, never a crash."""
    whole = stream_of(pa.table({"n": [1.0, 2.0], "c": ["a", "b"]}))
    for cut in range(0, len(whole) - 16, 7):
        assert refused(ARROW, whole[:cut]).status in (400, 422)
    statuses = set()
    for at in range(0, len(whole), 5):
        changed = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            columns_of(parsed(ARROW, changed), ["n"], ["c"])
        except Refused as error:
            statuses.add(error.status)
    assert 400 in statuses


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_compressed_buffers_are_refused(compression: str) -> None:
    """Of rows and of dictionaries: a few bytes could become any number of them."""
    table = pa.table({"n": [1.0, 2.0] * 100, "c": pa.array(["a", "b"] * 100).dictionary_encode()})
    for one in (table, table.select(["n"])):
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.ipc.new_stream(sink, one.schema, options=options) as writer:
            writer.write_table(one)
        error = refused(ARROW, sink.getvalue().to_pybytes())
        assert (error.status, error.found) == (422, "an Arrow stream with compressed buffers")


def test_a_text_that_many_rows_share_counts_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views and dictionaries make a large table of a small body."""
    monkeypatch.setattr(arrow_rows, "LARGEST_BODY", 100_000)
    text, views = b"x" * 1000, np.zeros((500, 4), np.int32)
    views[:, 0] = 1000
    views[:, 1] = np.frombuffer(text[:4], np.int32)
    shared = pa.Array.from_buffers(pa.string_view(), 500, [None, pa.py_buffer(views.tobytes()), pa.py_buffer(text)])
    for values in (shared, pa.array([text.decode()] * 500).dictionary_encode()):
        body = stream_of(pa.table({"n": [1.0] * 500, "c": values}))
        assert len(body) < 20_000
        error = refused(ARROW, body)
        assert (error.status, error.found) == (413, "more text in the column 'c' than a body can have")
    few = pa.table({"n": [1.0] * 50, "c": shared.slice(7, 50)})
    assert columns_of(parsed(ARROW, stream_of(few)), ["n"], ["c"])[1] == 50
