"""Findings about the times of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftloop.monitoring.records import Finding, FindingCode

if TYPE_CHECKING:
    from driftloop.monitoring.sources import Strays

FUTURE_TIME = FindingCode(
    name="future_time",
    severities=("warning",),
    meaning="rows of the source have a time after the time of the check",
    cause="a clock or time zone is wrong, or the rows are planned events",
    remedy="check `columns.time` and the time zone of the source; the rows count once their time has come",
)
TIME_NOT_IN_ORDER = FindingCode(
    name="time_not_in_order",
    severities=("info",),
    meaning="the rows of the source are not in order of time",
    cause="the source was written in another order",
    remedy="nothing; the rows are sorted",
)
NO_TIME = FindingCode(
    name="no_time",
    severities=("warning",),
    meaning="rows of the source have no time, so they are in no window",
    cause="`columns.time` is empty in these rows",
    remedy="fill in the time in the source; until then no check and no training uses the rows",
)
TIME_OUT_OF_RANGE = FindingCode(
    name="time_out_of_range",
    severities=("warning",),
    meaning="rows of the source have a time before 1678 or after 2261, so they are in no window",
    cause="placeholder dates such as 0001-01-01 or 9999-12-31",
    remedy="replace the placeholders in the source; until then no check and no training uses the rows",
)


def times(future_rows: int, in_order: bool) -> Iterator[Finding]:
    """Report rows after the time of the check, and a source that is not in order of time."""
    if future_rows:
        rows = "1 row of the source has" if future_rows == 1 else f"{future_rows:,} rows of the source have"
        message = f"{rows} a time in the future; no window uses them yet"
        yield FUTURE_TIME.found(message, observed=float(future_rows), limit=0.0)
    if not in_order:
        yield TIME_NOT_IN_ORDER.found("the source is not in order of time; the rows were sorted")


def in_no_window(strays: Strays) -> tuple[Finding, ...]:
    """Report the rows of the source without a time, or with a time outside every window."""
    counts = {
        NO_TIME: (strays.timeless, "no time"),
        TIME_OUT_OF_RANGE: (strays.outside, "a time before 1678 or after 2261"),
    }
    return tuple(_outside_windows(code, rows, problem) for code, (rows, problem) in counts.items() if rows)


def _outside_windows(code: FindingCode, rows: int, problem: str) -> Finding:
    count = "1 row of the source has" if rows == 1 else f"{rows:,} rows of the source have"
    message = f"{count} {problem}: no check and no training uses such rows"
    return code.found(message, observed=float(rows), limit=0.0)
