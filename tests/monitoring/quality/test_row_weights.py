"""Findings about weights of rows."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.quality.row_weights import weights
from driftloop.monitoring.rows.weights import Weighing

UNEVEN = np.append(np.ones(999), 1e6)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (np.array([1.0, 2.0]), []),
        (np.array([1.0]), []),
        (np.empty(0), []),
        (np.array([1.0, np.nan]), [("weights_not_allowed", "fatal", "1 of 2 weights is missing or not a number (w)")]),
        (np.zeros(5), [("weights_not_allowed", "fatal", "all 5 weights are 0")]),
        (np.full(5, 2.0), [("weights_equal", "info", "all 5 weights in w are 2")]),
        (UNEVEN, [("weights_uneven", "warning", "1,000 rows are worth 1 rows of equal weight: w reaches from 1 to")]),
    ],
)
def test_weights_are_judged(given: np.ndarray, found: list[tuple[str, str, str]]) -> None:
    """Weights that cannot be used are fatal, equal ones are worth knowing, and few rows with most of it a warning."""
    findings = list(weights("w", Weighing.of(given)))
    assert [(one.code, one.severity) for one in findings] == [(code, severity) for code, severity, _ in found]
    assert all(text in one.message for one, (_, _, text) in zip(findings, found, strict=True))
    assert all(one.column == "w" for one in findings)
