"""Windows that count in a comparison: each row once, enough rows, and the last judgement of a window."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pytest

from driftloop.monitoring.records import Window
from driftloop.monitoring.sequential.counting import added
from tests.streams import day


class Counted(NamedTuple):
    """A window with its rows."""

    window: Window
    rows: int


def span(start: float, end: float, rows: int = 500) -> Counted:
    return Counted(Window(start=day(start), end=day(end)), rows)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (span(7, 14), None),
        (span(7, 10.5), None),
        (span(7, 10), "the labeled rows since 2026-01-08 00:00 span less than half a window"),
        (span(7, 14, 99), "99 labeled rows, minimum 100"),
        (span(6, 13), "the labeled rows up to 2026-01-08 00:00 have counted already"),
    ],
)
def test_a_window_counts_or_reports_why(new: Counted, why: str | None) -> None:
    """It is the reason that a check shows, and the windows stay as they were."""
    windows, missing = added((span(0, 7),), new, timedelta(days=7))
    assert missing == (None if why is None else ("waiting", why))
    assert windows == ((span(0, 7),) if why else (span(0, 7), new))


def test_a_window_that_is_judged_again_replaces_the_first() -> None:
    """Its labels were corrected; even with fewer rows."""
    windows, missing = added((span(0, 7), span(7, 14)), span(0, 7, 40), timedelta(days=7))
    assert (windows, missing) == ((span(0, 7, 40), span(7, 14)), None)
