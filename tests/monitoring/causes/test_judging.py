"""The one cause of a rise, by its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.causes import Rows, judge, localized
from driftloop.monitoring.causes.judging import cause_of
from driftloop.monitoring.records import Amount, BrokenColumn, Segment, Split
from tests.monitoring.causes.test_splitting import N, drawn


def amount(value: float, half: float = 0.1) -> Amount:
    return Amount(value=value, low=value - half, high=value + half)


def parts(harder: float, changed: float, half: float = 0.1) -> Split:
    return Split(rise=amount(harder + changed), harder=amount(harder, half), changed=amount(changed, half))


def broken(rise: float) -> BrokenColumn:
    return BrokenColumn(column="fare", kind="missing", share=1.0, message="fare is missing", rise=amount(rise))


SEGMENT = Segment(where="zone = 'x'", share=0.2, inside=amount(2.0), outside=amount(0.0))
CASES: list[tuple[Any, str]] = [
    ((parts(1.0, 0.0), 0.9, 2.0, [], None), "harder_rows"),
    ((parts(0.0, 1.0), 0.9, 2.0, [], None), "changed_relation"),
    ((parts(0.0, 1.0), 0.9, 2.0, [], SEGMENT), "segment"),
    ((parts(0.6, 0.5), 0.9, 2.0, [], None), "harder_rows"),
    ((parts(0.4, 0.5), 0.9, 2.0, [], None), "changed_relation"),
    ((parts(0.5, 0.5, half=0.8), 0.9, 2.0, [], None), "unclear"),
    ((parts(0.0, 0.2), 0.9, 9.0, [], None), "unclear"),  # significant, and below 5% of the reference loss
    ((parts(1.0, 0.0), 0.01, 2.0, [], None), "unclear"),  # no rows in common
    ((parts(1.0, 0.0), 0.01, 2.0, [broken(0.9)], None), "broken_column"),
    ((parts(0.0, 1.0), 0.9, 2.0, [broken(0.3)], None), "changed_relation"),
    ((parts(0.0, 1.0), 0.9, 2.0, [broken(0.05)], SEGMENT), "segment"),
]


@pytest.mark.parametrize(("given", "cause"), CASES)
def test_the_cause_is_the_larger_part_that_is_significant(given: Any, cause: str) -> None:
    """A broken column first, then harder rows or a changed relation, otherwise unclear."""
    assert cause_of(*given) == cause


def test_a_judgement_has_splits_by_feature_and_slice_or_a_reason() -> None:
    """Splits of every feature and of slices with rows enough; few rows and infinite losses are reasons."""
    rows, value = drawn(0.3, 0.0)
    slices = {"low": value == 0, "high": value == 1, "tiny": np.arange(2 * N) < 20}
    made = judge(rows, features={"value": value}, slices=slices)
    assert (made.cause, made.rows, made.reference_rows) == ("harder_rows", N, N)
    assert [each.name for each in made.features] == ["value"]
    assert {each.name for each in made.slices} == {"low", "high"}
    few = judge(rows.only(np.arange(2 * N) < N + 20), features={}, slices={})
    assert few.reason == "20 labeled rows to compare, 50 are needed"
    assert few.split is None
    wild = Rows(np.where(np.arange(2 * N) == 5, np.inf, rows.losses), rows.current, rows.share, rows.expected)
    assert judge(wild, features={}, slices={}).reason == "a row has a loss that is not finite"


def test_a_segment_is_where_alone_the_relation_changed() -> None:
    """All other rows are as before; a change everywhere, in most rows or in none is no segment."""
    rows, _ = drawn(0.0, 0.0)
    rng = np.random.default_rng(1)
    inside = rng.random(2 * N) < 0.2
    changed = Rows(rows.losses + 1.5 * (inside & rows.current), rows.current, rows.share, rows.expected)
    found = localized(changed, "zone = 'x'", inside)
    assert found is not None
    assert found.share == pytest.approx(0.2, abs=0.03)
    assert found.inside.value == pytest.approx(1.5, abs=0.1)
    assert localized(rows, "zone = 'x'", inside) is None
    assert localized(changed, "zone <> 'x'", ~inside) is None
    everywhere = Rows(rows.losses + 1.5 * rows.current, rows.current, rows.share, rows.expected)
    assert localized(everywhere, "zone = 'x'", inside) is None
