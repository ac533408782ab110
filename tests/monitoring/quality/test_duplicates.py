"""Rows that repeat others."""

from __future__ import annotations

import pytest

from driftloop.monitoring.quality.duplicates import duplicates
from driftloop.monitoring.quality.settings import Preflight


@pytest.mark.parametrize(("share", "limit", "found"), [(0.2, 0.2, False), (0.201, 0.2, True), (0.0, 0.0, False)])
def test_only_above_the_limit(share: float, limit: float, found: bool) -> None:
    """At the limit nothing is found; above it a warning with both numbers, of no column."""
    findings = list(duplicates(share, Preflight(max_duplicate_share=limit)))
    assert bool(findings) == found
    for finding in findings:
        assert (finding.code, finding.severity, finding.column) == ("duplicate_rows", "warning", None)
        assert (finding.observed, finding.limit) == (share, limit)
