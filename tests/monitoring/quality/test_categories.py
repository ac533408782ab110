"""Categories of a feature that the reference does not have."""

from __future__ import annotations

from collections import Counter

import pytest

from driftloop.monitoring.quality.categories import categories
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding
from tests.counted import categorical

LIMITS = Preflight(max_unseen_share=0.05)


def found(unseen: int, column: ColumnReference | None = None, *, nulls: int = 0) -> list[Finding]:
    """What is found of 100 rows, of which this many have the new category `lima`."""
    values = Counted(rows=100, nulls=nulls, unseen=unseen, unseen_counts=Counter({"lima": unseen}))
    return list(categories(values, column or categorical(), LIMITS, reference_rows=1000))


@pytest.mark.parametrize(("unseen", "severity"), [(5, None), (6, "warning"), (99, "warning"), (100, "error")])
def test_new_categories_are_an_error_only_if_all_are_new(unseen: int, severity: str | None) -> None:
    """Above the limit a warning that names them; where no row has a known one the spelling has changed."""
    findings = found(unseen)
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])
    for finding in findings:
        assert (finding.code, finding.observed, finding.limit) == ("unseen_categories", unseen / 100, 0.05)
        assert "lima" in finding.message


def test_the_share_is_of_the_values() -> None:
    """Rows without a value do not dilute the share: 5 of 50 values are 10%."""
    (finding,) = found(5, nulls=50)
    assert finding.observed == 0.1
    assert found(0, nulls=100) == []


def test_an_id_cannot_be_compared() -> None:
    """A category of which nearly every row of the reference had its own is new by nature: one finding reports it."""
    ids = categorical(levels=tuple(f"id{at}" for at in range(501)))
    assert [one.code for one in found(100, ids)] == ["all_different"]
    assert [one.code for one in found(100, categorical(levels=ids.levels[:500]))] == ["unseen_categories"]


def test_forgotten_levels_cannot_be_counted() -> None:
    """Where the reference has more categories than it remembers, an unseen one may be known: that is reported."""
    (finding,) = found(100, categorical(distinct=20_000))
    assert (finding.code, finding.severity, finding.observed) == ("many_categories", "info", 20_000.0)
