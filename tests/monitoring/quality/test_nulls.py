"""Missing values of a feature, compared with the reference."""

from __future__ import annotations

import pytest

from driftloop.monitoring.quality.nulls import nulls
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from tests.counted import numeric

LIMITS = Preflight(warn_new_null_share=0.05, max_new_null_share=0.3)


@pytest.mark.parametrize(
    ("missing", "before", "code", "severity", "limit"),
    [
        (0, 0.0, None, None, None),
        (50, 0.0, None, None, None),
        (51, 0.0, "nulls", "warning", 0.05),
        (300, 0.0, "nulls", "warning", 0.05),
        (301, 0.0, "nulls", "fatal", 0.3),
        (1000, 0.0, "nulls", "fatal", 0.3),
        (540, 0.5, None, None, None),
        (900, 0.5, "nulls", "fatal", 0.3),
        (1000, 0.9, "nulls", "error", 0.3),
        (1000, 0.995, "nothing_to_judge", "warning", None),
    ],
)
def test_the_increase_decides(
    missing: int, before: float, code: str | None, severity: str | None, limit: float | None
) -> None:
    """Nulls count above those of the reference: at a limit nothing is found, above it a warning, then fatal.

    A column that was nearly empty before and is empty now is an error, unless so few values were expected that none
    may be chance.
    """
    found = list(nulls(Counted(rows=1000, nulls=missing), numeric(null_share=before), LIMITS))
    if code is None:
        assert found == []
        return
    (finding,) = found
    assert (finding.code, finding.severity, finding.limit) == (code, severity, limit)
    assert (finding.column, finding.observed) == ("fare", missing / 1000)
    assert f"{missing / 1000:.1%} of fare are null; the reference has {before:.1%}" in finding.message


def test_no_rows_have_no_nulls() -> None:
    """A column without rows has no share to compare."""
    assert list(nulls(Counted(), numeric(), LIMITS)) == []
