"""Rows in JSON and Arrow become the same frame, and a bad body is refused with a reason."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import DriftloopError
from driftloop.pipelines.scoring import bodies
from driftloop.pipelines.scoring.bodies import ARROW, JSON, Refused, arrow_answer, body_kind, columns_of, json_answer


def stream_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def refused(kind: str, body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        columns_of(kind, body, ["n"], ["c"], ["id"])
    return caught.value


def test_json_and_arrow_are_the_same_rows() -> None:
    """Numbers come as numbers, an id as large as 64 bits is not rounded, and other columns are ignored."""
    rows = [{"n": 1, "c": "a", "id": 2**60 + 1, "more": [1]}, {"n": None, "c": None, "id": None, "more": 2}]
    table = pa.table({"c": ["a", None], "n": pa.array([Decimal(1), None]), "id": pa.array([2**60 + 1, None])})
    for kind, body in ((JSON, json.dumps(rows).encode()), (ARROW, stream_of(table))):
        frame, count = columns_of(kind, body, ["n"], ["c"], ["id", "ts"])
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


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (pa.table({"c": ["a"]}), "lack 'n'"),
        (pa.table({"n": [1], "c": [["a"]]}), "of the type list"),
        (pa.table([pa.array([1]), pa.array([2]), pa.array(["a"])], names=["n", "n", "c"]), "there 2 times"),
        (pa.table({"n": ["ten"], "c": ["a"]}), "row 0: n is 'ten'"),
        (pa.table({"n": pa.array([0], pa.timestamp("s")), "c": ["a"]}), "row 0: n is"),
    ],
)
def test_a_bad_table_is_refused(table: pa.Table, found: str) -> None:
    """A column that is missing, nested, there twice or of another type."""
    error = refused(ARROW, stream_of(table))
    assert error.status == 422
    assert found in error.found


def test_bytes_that_are_no_stream_are_refused() -> None:
    """Cut at any byte, with a byte changed, or as a file: an answer, never a crash."""
    whole = stream_of(pa.table({"n": [1.0, 2.0], "c": ["a", "b"]}))
    for cut in range(0, len(whole) - 16, 7):
        assert refused(ARROW, whole[:cut]).status in (400, 422)
    statuses = set()
    for at in range(0, len(whole), 5):
        changed = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            columns_of(ARROW, changed, ["n"], ["c"])
        except Refused as error:
            statuses.add(error.status)
    assert 400 in statuses


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In both forms, before they are converted."""
    monkeypatch.setattr(bodies, "MOST_ROWS", 2)
    table = pa.table({"n": pa.nulls(3), "c": pa.nulls(3)})
    for kind, body in ((JSON, b'[{"n": 1, "c": "a"}, {}, {}]'), (ARROW, stream_of(table))):
        error = refused(kind, body)
        assert (error.status, error.found) == (413, "3 rows")


def test_a_body_of_another_type_is_refused() -> None:
    """What a form of a web page can send is not taken."""
    assert body_kind("") == body_kind("Application/JSON; charset=utf-8") == JSON
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        with pytest.raises(Refused, match=kind) as caught:
            body_kind(kind)
        assert caught.value.status == 415
    assert not isinstance(caught.value, DriftloopError)


def test_both_answers_have_the_same_content() -> None:
    """A row per prediction, with its prediction id, its id and the number or the probabilities."""
    about: dict[str, Any] = {"model": "m", "version": "3", "request_id": "r", "warnings": ["w"]}
    ids = pd.DataFrame({"order": ["7", None]})
    answer = json.loads(json_answer(about, ids, np.array([[0.25, 0.75], [1.0, 0.0]]), ("no", "yes")))
    assert answer["warnings"] == ["w"]
    assert answer["predictions"][0] == {
        "prediction_id": "r-0", "id": {"order": "7"}, "probabilities": {"no": 0.25, "yes": 0.75}
    }  # fmt: skip
    table = pa.ipc.open_stream(arrow_answer(about, ids, np.array([[0.25, 0.75], [1.0, 0.0]]), ("no", "yes"))).read_all()
    assert table.to_pylist()[0] == {"prediction_id": "r-0", "order": "7", "prediction no": 0.25, "prediction yes": 0.75}
    assert table.schema.metadata[b"version"] == b"3"
    assert json.loads(table.schema.metadata[b"warnings"]) == ["w"]
    plain = json.loads(json_answer(about, pd.DataFrame(index=range(2)), np.array([1.5, np.nan]), ()))
    assert plain["predictions"] == [
        {"prediction_id": "r-0", "prediction": 1.5}, {"prediction_id": "r-1", "prediction": None}
    ]  # fmt: skip
