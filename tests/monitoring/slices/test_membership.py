"""Laws of the slices that rows belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.membership import mark

COLUMNS = Columns(time="ts", time_zone="Europe/Berlin", target="y", numeric=("age",), categorical=("zone",))
TIMES = pd.date_range("2026-07-01 20:00", periods=5, freq="h", tz="UTC")


def rows(**more: Any) -> pd.DataFrame:
    zone = pd.Categorical(["a", "b", None, "a", "it's"])
    return pd.DataFrame({"ts": TIMES, "zone": zone, "age": [-1.0, 0.0, 25.0, np.nan, 90.0], "y": 1.0, **more})


def names(each: Slice, frame: pd.DataFrame) -> list[str | None]:
    (marked,) = mark([each], frame, COLUMNS)
    return [None if code < 0 else marked.names[code] for code in marked.codes]


def test_every_value_is_a_slice_and_a_missing_value_is_one() -> None:
    """A category, also one with a quote, and a missing value are slices of their column."""
    expected = ["zone = a", "zone = b", "zone missing", "zone = a", "zone = it's"]
    assert names(Slice(column="zone"), rows()) == expected
    assert names(Slice(column="zone"), rows().astype({"zone": object})) == expected


def test_a_bound_belongs_to_the_bin_above() -> None:
    """Bins are closed below and open above, and open at both ends of all."""
    found = names(Slice(column="age", bins=(0, 25, 60)), rows())
    assert found == ["age < 0", "age 0 to 25", "age 25 to 60", "age missing", "age >= 60"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("hour(ts) >= 23 or hour(ts) < 2", [False, True, True, True, False]),
        ("age >= 25", [False, False, True, False, True]),
        ("age is null", [False, False, False, True, False]),
        ("zone = 'nowhere'", [False] * 5),
        ("ZONE in ('b', 'it''s') -- a comment", [False, True, False, False, True]),
        ("zone <> 'a'", [False, True, False, False, True]),
        ("true", [True] * 5),
    ],
)
def test_a_condition_is_evaluated_row_by_row_in_local_time(where: str, expected: list[bool]) -> None:
    """A condition reads rows as a filter does: any case, null does not hold, time is that of `columns.time_zone`."""
    each = Slice(name="one", where=where)
    assert [name == "one" for name in names(each, rows())] == expected
    assert names(each, rows().iloc[:0]) == []


@pytest.mark.parametrize("where", ["age + zone > 1", "zone", "read_text('/etc/hostname') is null"])
def test_a_condition_that_fails_names_itself(where: str) -> None:
    """Neither a wrong type nor a look at a file passes silently."""
    with pytest.raises(BadExpression, match=r"slices\.one\.where"):
        names(Slice(name="one", where=where), rows())
