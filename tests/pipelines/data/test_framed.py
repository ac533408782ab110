"""Canonical rows as a frame that is there, or is made when it is first read."""

from __future__ import annotations

import pandas as pd

from driftloop.pipelines.data.framed import Canonical


def test_rows_are_made_once_and_not_before_they_are_read() -> None:
    """A function is called at the first reading, and its frame is kept."""
    made: list[pd.DataFrame] = []

    def draw() -> pd.DataFrame:
        made.append(pd.DataFrame({"a": [1.0]}))
        return made[-1]

    rows = Canonical(draw, {"a": "double"})
    assert made == []
    assert rows.frame is rows.frame
    assert [one is rows.frame for one in made] == [True]
    there = pd.DataFrame({"a": [2.0]})
    assert Canonical(there, {}).frame is there
