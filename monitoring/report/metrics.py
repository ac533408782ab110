"""Values of the report's sections on metrics, confusion matrix and calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, CalibrationBin, Check, MetricValue

DIRECTIONS = {"higher": "higher", "lower": "lower", "zero": "near 0"}
# The square of the calibration plot: its left and lower end, and its side.
LEFT, BOTTOM, SIDE = 40, 210, 200


@dataclass(frozen=True)
class Point:
    """A bin of the calibration plot, in pixels, with the text of its tooltip."""

    x: float
    y: float
    size: float
    text: str


def values(check: Check) -> dict[str, Any]:
    """Return what the template needs besides the check."""
    matrix = check.confusion
    classes, counts = (matrix.classes, matrix.counts) if matrix else ((), ())
    return {
        "metrics": [row(one) for one in check.metrics],
        "confusion_heads": [("Label", "", False), *((f"predicted {name}", "n", True) for name in classes)],
        "lines": [
            (name, [f"{_rows(count)} {_share(count, sum(cells))}" for count in cells])
            for name, cells in zip(classes, counts, strict=True)
        ],
        "left_out": round(matrix.rows - sum(map(sum, counts))) if matrix else 0,
        "curve": [_point(one, max(other.rows for other in check.calibration)) for one in check.calibration],
    }


def row(one: MetricValue) -> tuple[MetricValue, str, str, bool, str]:
    """Return a metric with its interval and its direction as text, whether it is worse, and a remark.

    >>> auc = MetricValue(metric="roc_auc", better="higher", value=0.72, low=0.7, high=0.74, rows=900, reference=0.8)
    >>> row(auc)[2:]
    ('higher', True, '10.0% worse than the reference')
    """
    interval = DASH if one.low is None or one.high is None else f"{number(one.low)} {DASH} {number(one.high)}"
    return one, interval, DIRECTIONS[one.better], one.significant, one.reason or _compared(one)


def _compared(one: MetricValue) -> str:
    if one.reference is None:
        return "the champion has no reference value; the next champion gets one"
    if one.decline is None or not math.isfinite(one.decline):
        return ""
    share = f"{abs(one.decline):,.0%}" if abs(one.decline) >= 1 else f"{abs(one.decline):.1%}"
    return f"{share} {'worse' if one.decline > 0 else 'better'} than the reference"


def _rows(count: float) -> str:
    """Return a number of rows as text; under weights it is a sum of weights, and not whole."""
    return f"{count:,}" if isinstance(count, int) else f"{count:,.1f}"


def _share(count: float, rows: float) -> str:
    return f"({count / rows:.0%})" if rows else ""


def _point(one: CalibrationBin, most: float) -> Point:
    return Point(
        x=round(LEFT + SIDE * one.predicted, 1),
        y=round(BOTTOM - SIDE * one.observed, 1),
        size=round(2.5 + 4 * math.sqrt(one.rows / most), 1),
        text=f"predicted {one.predicted:.1%}, observed {one.observed:.1%}, {_rows(one.rows)} rows",
    )
