"""Refusals name what was found, in few characters."""

from __future__ import annotations

import pyarrow as pa
import pytest

from driftloop.pipelines.scoring import refusals
from driftloop.pipelines.scoring.bodies import ARROW, JSON
from driftloop.pipelines.scoring.refusals import wrong_value
from tests.pipelines.scoring.test_bodies import refused, stream_of


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In both forms, before they are converted."""
    monkeypatch.setattr(refusals, "MOST_ROWS", 2)
    table = pa.table({"n": pa.nulls(3), "c": pa.nulls(3)})
    for kind, body in ((JSON, b'[{"n": 1, "c": "a"}, {}, {}]'), (ARROW, stream_of(table))):
        error = refused(kind, body)
        assert (error.status, error.found) == (413, "3 rows")


def test_a_long_value_is_shown_shortened() -> None:
    """With its row, if it is known."""
    assert wrong_value("n", 3, "x" * 1000, "a number").found == f"row 3: n is '{'x' * 78}…"
    assert wrong_value("n", None, 5, "text").found == "n is 5"
