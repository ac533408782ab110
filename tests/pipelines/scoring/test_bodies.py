"""Rows in JSON and Arrow become the same frame, and a bad body is refused with a reason."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import DriftloopError
from driftloop.pipelines.scoring.bodies import ARROW, JSON, body_kind, columns_of, parsed, unpacked
from driftloop.pipelines.scoring.refusals import Refused


def stream_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def refused(kind: str, body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        columns_of(parsed(kind, body), ["n"], ["c"], ["id"])
    return caught.value


def test_json_and_arrow_are_the_same_rows() -> None:
    """Numbers come as numbers, an id as large as 64 bits is not rounded, and other columns are ignored."""
    rows = [{"n": 1, "c": "a", "id": 2**60 + 1, "more": [1]}, {"n": None, "c": None, "id": None, "more": 2}]
    table = pa.table({"c": ["a", None], "n": pa.array([Decimal(1), None]), "id": pa.array([2**60 + 1, None])})
    for kind, body in ((JSON, json.dumps(rows).encode()), (ARROW, stream_of(table))):
        frame, count = columns_of(parsed(kind, body), ["n"], ["c"], ["id", "ts"])
        assert (list(frame), count) == (["n", "c", "id"], 2)
        assert frame["n"].tolist()[0] == 1
        assert np.isnan(frame["n"].tolist()[1])
        assert frame["id"].tolist()[0] == 2**60 + 1
        assert frame["c"][0] == "a"


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        (b"", 400, "not JSON"),
        (b"[{", 400, "not JSON"),
        (b"[NaN]", 400, "not JSON"),
        (b"[" * 2000, 400, "not JSON"),
        (b'{"n": 1}', 400, "not an array of objects"),
        (b"[1]", 400, "not an array of objects"),
        (b'[{"c": "a"}]', 422, "the rows lack 'n'; it has 'c'"),
        (b'[{"n": 1, "c": "a"}, {"n": 1}]', 422, "row 1 lacks 'c'; it has 'n'"),
        (b"[{}]", 422, "the rows lack 'n', and is empty"),
        (b'[{"n": 1, "c": "a"}, {"n": "ten", "c": "a"}]', 422, "row 1: n is 'ten'"),
        (b'[{"n": [1], "c": "a"}]', 422, r"row 0: n is \[1\]"),
        (b'[{"n": 1, "c": {"a": 1}}]', 422, "row 0: c is"),
        (b'[{"n": 1, "c": "a", "id": []}]', 422, "row 0: id is"),
        (b'[{"n": 1, "c": "a"}, {"n": 1, "c": "a", "n": 2}]', 422, "row 1 has the key 'n' more than once"),
        (b'[{"n" : 1, "c": "a", "c":\n"b"}]', 422, "row 0 has the key 'c' more than once"),
        (b'[{"n": Infinity, "c": "a"}]', 400, "not JSON"),
        (b'[{"n": 1e999, "c": "a"}]', 400, "number is infinity"),
    ],
)
def test_bad_json_is_refused_with_the_place(body: bytes, status: int, found: str) -> None:
    """Row and column are named, the expectation and the fix too."""
    error = refused(JSON, body)
    assert error.status == status
    with pytest.raises(Refused, match=found):
        raise error
    assert error.expected
    assert error.remedy


def test_texts_that_look_like_keys_are_taken() -> None:
    """And what is nested in a column that no model reads; only the same key twice in a row is refused."""
    rows = [{"n": 1, "c": 'a":b" : c', "more": {"n": 1, "m": [{"c": 1}]}}, {"n": 2, "c": ' "n":'}]
    for body in (json.dumps(rows).encode(), json.dumps(rows, indent=2, separators=(" ,", " : ")).encode()):
        columns, count = columns_of(parsed(JSON, body), ["n"], ["c"])
        assert (columns["c"].tolist(), count) == (['a":b" : c', ' "n":'], 2)
    deep = b'[{"n": 1, "c" : "a", "more": ' + b"[" * 900 + b"]" * 900 + b"}]"
    assert columns_of(parsed(JSON, deep), ["n"], ["c"])[1] == 1


def test_a_compressed_body_is_refused() -> None:
    """It is not taken for invalid JSON."""
    unpacked("")
    unpacked(" Identity ")
    with pytest.raises(Refused, match="'gzip'") as caught:
        unpacked("gzip")
    assert caught.value.status == 415


def test_a_body_of_another_type_is_refused() -> None:
    """What a form of a web page can send is not taken."""
    assert body_kind("") == body_kind("Application/JSON; charset=utf-8") == JSON
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        with pytest.raises(Refused, match=kind) as caught:
            body_kind(kind)
        assert caught.value.status == 415
    assert not isinstance(caught.value, DriftloopError)
