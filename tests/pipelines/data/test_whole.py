"""Pieces of rows become one frame in order of time, equal to what pandas makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.rows.canonical import plain
from driftloop.pipelines.data.whole import whole


def piece(seed: int, rows: int, levels: list[str]) -> pd.DataFrame:
    """Canonical rows with numbers, nulls, text of other levels in each piece, ids and times."""
    generator = np.random.default_rng(seed)
    moments = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(generator.integers(0, 50, rows), unit="h")
    numbers = generator.normal(size=rows)
    numbers[::7] = np.nan
    return pd.DataFrame(
        {
            "ts": moments.as_unit("us"),
            "id": np.arange(rows) + 1000 * seed,
            "n": numbers,
            "c": pd.Categorical.from_codes(
                generator.integers(-1, len(levels), rows), categories=pd.Index(levels, dtype=object)
            ),
        }
    ).sort_values("ts", kind="stable", ignore_index=True)


def test_pieces_out_of_order_are_one_frame_in_order() -> None:
    """Order, nulls, text and types are those of concatenating and sorting, and text is one object per value."""
    pieces = [piece(1, 40, ["a", "b"]), piece(2, 0, []), piece(3, 25, ["b", "c", "d"])]
    made = whole(iter(pieces), 65, "ts")
    expected = pd.concat([plain(each) for each in pieces], ignore_index=True)
    expected = expected.sort_values("ts", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(made, expected)
    assert len({id(text) for text in made["c"].dropna()}) == made["c"].nunique()


def test_slices_and_columns_share_the_memory_of_the_rows() -> None:
    """Neither adjacent rows nor some of the columns are copied."""
    made = whole([piece(1, 40, ["a"])], 40, "ts")
    part = made.iloc[10:][["n", "c"]]
    assert np.shares_memory(part["n"].to_numpy(), made["n"].to_numpy())
