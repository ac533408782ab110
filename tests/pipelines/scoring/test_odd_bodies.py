"""Bodies of a stranger: each is predicted or refused with a reason, and never disturbs the requests after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from driftloop.pipelines.scoring.answer_log import table_of
from driftloop.pipelines.scoring.bodies import ARROW
from driftloop.pipelines.scoring.loaded import Loaded
from tests.pipelines.scoring.conftest import HOURLY, ROW, Api
from tests.pipelines.scoring.test_bodies import stream_of

JSON_VALUES = (
    *("NaN", "Infinity", "-Infinity", "1e999", "1e308", "-0.0", "1.5", "true", "null", '""', '"x"', '" 7 "', '"NaN"'),
    *("18446744073709551615", "18446744073709551617", '"\\u0000"', '"\\ud800"', '{"a": 1}', "[1]", '"²"', "9" * 400),
    *('"2026-01-09T06:00:00Z"', '"2026-13-01"', '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59-14:00"'),
)


def arrays() -> Iterator[pa.Array]:
    """Two values of each type of Arrow."""
    yield from (pa.array(["berlin", None], kind) for kind in (pa.string(), pa.large_string(), pa.string_view()))
    yield from (pa.array([b"berlin", b"\xff"], kind) for kind in (pa.binary(), pa.large_binary()))
    yield from (pa.array([Decimal("1.5"), None], kind) for kind in (pa.decimal128(9, 2), pa.decimal256(60, 2)))
    yield from (
        pa.array([1, None], kind) for kind in (pa.int8(), pa.uint64(), pa.float16(), pa.date32(), pa.time32("s"))
    )
    for unit in ("s", "ms", "us", "ns"):
        yield pa.array([1, 2**62], pa.timestamp(unit))
        yield pa.array([1, -(2**62)], pa.timestamp(unit, "Europe/Berlin"))
        yield pa.array([1, None], pa.duration(unit))
    for values in (
        ["a", "b"],
        [1, 2],
        [1.5, None],
        [True, None],
        [date(2026, 1, 9), None],
        [datetime(2026, 1, 9), None],
    ):
        yield pa.array(values).dictionary_encode()
    yield from (pa.array(values) for values in ([time(1), None], [timedelta(1), None], [1e300, None]))
    yield pa.array([2**64 - 1, 1], pa.uint64())
    yield from (pa.nulls(2), pa.array([True, None]), pa.array([[1], [2]]), pa.array([{"a": 1}, None]))
    yield from (pa.array([float("nan"), float("inf")]), pa.array([2**31 - 1, None], pa.int32()).cast(pa.date32()))
    yield pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(["berlin", "paris"]))
    yield pa.array([b"1" * 16, b"2" * 16], pa.uuid())
    yield pa.array([pa.MonthDayNano([1, 2, 3]), None])


def bodies_with(column: str) -> Iterator[tuple[str, bytes]]:
    """Bodies of two rows that have each odd value in a column, and a plain one in the others."""
    row: dict[str, Any] = {**ROW, "no": "A7"}
    for array in arrays():
        table = pa.table({name: [value] * 2 for name, value in row.items()})
        at = table.column_names.index(column)
        yield ARROW, stream_of(table.set_column(at, column, array))
    del row[column]
    for value in JSON_VALUES:
        odd = f'{json.dumps(row)[:-1]}, "{column}": {value}}}'
        yield "application/json", f"[{odd}, {json.dumps({**ROW, 'no': 'A7'})}]".encode()


@pytest.mark.parametrize("column", ["amount", "city", "ts", "no"])
def test_each_is_answered_and_logged_or_refused(
    make_loaded: Callable[..., Loaded], make_api: Callable[..., Api], column: str
) -> None:
    """Never 500; a refusal has its reason; DuckDB, which derives a column, goes on; the log takes every answer."""
    api = make_api(make_loaded(**HOURLY))
    answered = 0
    for kind, body in bodies_with(column):
        status, _, content = api.ask("POST", "/predict/made", body, {"content-type": kind})
        assert status in (200, 400, 422), (body, content)
        assert status == 200 or all(json.loads(content)[key] for key in ("found", "expected", "fix"))
        assert b"FATAL" not in content
        assert b"INTERNAL" not in content
        answered += 2 * (status == 200)
    assert api.predict([{**ROW, "no": "last"}])[0] == 200
    taken = api.answers._queue
    assert len(table_of(taken)) == api.answers.queued == answered + 1


def test_an_id_that_a_parser_has_rounded_is_refused(
    make_loaded: Callable[..., Loaded], make_api: Callable[..., Api]
) -> None:
    """It would be matched with no label, or with that of another row."""
    api = make_api(make_loaded(columns__id="no"))
    status, refused = api.predict(json.dumps([{**ROW, "no": 2**64 + 1}]).encode())
    assert (status, refused["found"]) == (422, "row 0: no is 1.8446744073709552e+19")
    assert api.predict([{**ROW, "no": 2**64 - 1}])[1]["predictions"][0]["id"] == {"no": "18446744073709551615"}


def test_values_of_several_types_are_a_refusal(
    make_loaded: Callable[..., Loaded], make_api: Callable[..., Api]
) -> None:
    """In a column of times, with the value that is not one."""
    api = make_api(make_loaded())
    for odd in (5, True, 2**64 - 1, 1.5):
        status, refused = api.predict([ROW, {**ROW, "ts": odd}])
        assert (status, refused["found"]) == (422, f"ts is {odd!r}")
