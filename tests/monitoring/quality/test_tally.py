"""What is counted of parts adds up to what is counted of the whole."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.quality import tally
from driftloop.monitoring.quality.tally import Counted, count
from driftloop.monitoring.records import ColumnReference

KNOWN: dict[str, Any] = {"role": "feature", "null_share": 0, "distinct": 9}
NUMBER = ColumnReference(name="n", kind="numeric", method="ks", low=-1.0, high=1.0, **KNOWN)
WORD = ColumnReference(name="c", kind="categorical", method="tvd", levels=("a", "b"), **KNOWN)
NUMBERS = st.lists(st.none() | st.floats(-3, 3))
WORDS = st.lists(st.none() | st.sampled_from("abxyz"))


def totals(counted: Counted) -> tuple[Any, ...]:
    """All that is counted; of levels that are as frequent the order does not matter."""
    return (
        *(getattr(counted, name) for name in ("rows", "nulls", "outside", "unseen", "varied")),
        dict(counted.unseen_counts),
    )


@given(NUMBERS, st.integers(0, 9))
def test_numbers_add_up(values: list[float | None], cut: int) -> None:
    """Rows, nulls, values out of range, and whether there is more than one: manually, and in two parts."""
    whole = pd.Series(values, dtype="float64")
    counted = count(whole, NUMBER)
    assert totals(count(whole[:cut], NUMBER) + count(whole[cut:], NUMBER)) == totals(counted)
    present = [value for value in values if value is not None]
    assert (counted.rows, counted.present, counted.varied) == (len(values), len(present), len(set(present)) > 1)
    assert counted.outside == sum(abs(value) > 1 for value in present)


@given(WORDS, st.integers(0, 9))
def test_words_add_up(values: list[str | None], cut: int) -> None:
    """Levels that the reference did not have are counted by name, in two parts as in one."""
    whole = pd.Series(values, dtype=object)
    counted = count(whole, WORD)
    assert totals(count(whole[:cut], WORD) + count(whole[cut:], WORD)) == totals(counted)
    assert counted.unseen == sum(value in ("x", "y", "z") for value in values)
    assert counted.null_share == (sum(value is None for value in values) / len(values) if values else 0.0)


@given(WORDS, st.permutations(list("abxyz")))
def test_categories_count_as_their_text(values: list[str | None], categories: list[str]) -> None:
    """Whatever the order of the categories: the same counts, the same names in the same order, the same first value."""
    coded = pd.Series(pd.Categorical(values, categories=pd.Index(categories, dtype=object)))
    made, plain = count(coded, WORD), count(pd.Series(values, dtype=object), WORD)
    assert (totals(made), list(made.unseen_counts), made.only) == (totals(plain), list(plain.unseen_counts), plain.only)


def test_the_names_of_strange_levels_are_bounded() -> None:
    """As many levels as rows are all counted, and only some of them remembered by name."""
    parts = [count(pd.Series([f"{at} {n}" for n in range(900)], dtype=object), WORD) for at in range(3)]
    both = parts[0] + parts[1] + parts[2]
    assert (both.unseen, len(both.unseen_counts)) == (2700, tally.UNSEEN_KEPT)
