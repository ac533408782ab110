"""Broken columns: each kind is found, imitated alike, and ordinary drift is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.causes import suspects
from driftloop.monitoring.records import ColumnReference

RNG = np.random.default_rng(3)
OLD = pd.DataFrame(
    {
        "fare": RNG.gamma(4.0, 3.0, 1500),
        "hour": RNG.integers(0, 24, 1500).astype(float),
        "zone": pd.Series(RNG.choice(["a", "b", "c"], 1500, p=[0.6, 0.3, 0.1]), dtype=object),
    }
)
NEW = pd.DataFrame(
    {
        "fare": RNG.gamma(4.0, 3.0, 1500),
        "hour": RNG.integers(0, 24, 1500).astype(float),
        "zone": pd.Series(RNG.choice(["a", "b", "c"], 1500, p=[0.6, 0.3, 0.1]), dtype=object),
    }
)
COLUMNS = tuple(
    ColumnReference(
        name=name,
        role="feature",
        kind="categorical" if name == "zone" else "numeric",
        null_share=0.0,
        distinct=3,
        levels=("a", "b", "c") if name == "zone" else (),
        method="ks",
    )
    for name in OLD
)
HALF = np.arange(1500) % 2 == 0
BROKEN: dict[str, tuple[str, str, Callable[[pd.Series], Any]]] = {
    "missing": ("fare", "missing", lambda v: v.where(HALF)),
    "missing text": ("zone", "missing", lambda v: v.where(HALF, None)),
    "constant": ("fare", "constant", lambda v: v * 0 + 7.0),
    "stuck": ("fare", "constant", lambda v: v.where(HALF, 7.0)),
    "one hour": ("hour", "constant", lambda v: v * 0 + 3.0),
    "one zone": ("zone", "constant", lambda _: "a"),
    "cents": ("fare", "unit", lambda v: v * 100),
    "miles": ("fare", "unit", lambda v: v / 1.609344),
    "fahrenheit": ("fare", "unit", lambda v: v * 1.8 + 32),
    "sign": ("fare", "unit", lambda v: -v),
    "sentinel": ("fare", "constant", lambda v: v.where(HALF, -999.0)),
    "mixed units": ("fare", "out_of_range", lambda v: v.where(HALF, v * 1000)),
    "renamed": ("zone", "unseen", lambda v: v.str.upper()),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_kind_is_found_and_imitated(case: str) -> None:
    """The column, the kind and the share are right, and rows of the reference are broken as the current ones are."""
    column, kind, broken = BROKEN[case]
    rows = NEW.assign(**{column: broken(NEW[column])})
    (found,) = suspects(OLD, rows, COLUMNS)
    assert (found.column, found.kind) == (column, kind), found.message
    assert column in found.message
    hits = found.hits(rows[column])
    assert abs(hits.mean() - found.share) < 0.02
    alike = found.imitate(OLD, seed=1)
    assert alike.drop(columns=column).equals(OLD.drop(columns=column))
    assert abs(found.hits(alike[column]).mean() - found.share) < 0.06
    if column == "fare" and kind == "unit":
        assert np.median(alike["fare"]) == pytest.approx(np.median(rows["fare"]), rel=0.1)


def test_ordinary_drift_is_no_broken_column() -> None:
    """Neither the same rows, nor higher and wider numbers, nor other shares of categories, nor a few outliers."""
    assert suspects(OLD, NEW, COLUMNS) == ()
    drifted = NEW.assign(
        fare=NEW["fare"] * 1.3 + 5, zone=pd.Series(RNG.choice(["a", "b"], 1500, p=[0.2, 0.8]), dtype=object)
    )
    assert suspects(OLD, drifted, COLUMNS) == ()
    outliers = NEW.assign(fare=NEW["fare"].where(np.arange(1500) > 10, 1e9))
    assert suspects(OLD, outliers, COLUMNS) == ()


def test_a_column_without_values_on_a_side_is_missing_at_most() -> None:
    """Empty columns raise no error, and a column that the rows do not have is left out."""
    empty = NEW.assign(fare=np.nan)
    assert [each.kind for each in suspects(OLD, empty, COLUMNS)] == ["missing"]
    assert suspects(empty, empty, COLUMNS) == ()
    assert suspects(OLD.drop(columns="fare"), NEW, COLUMNS) == ()
