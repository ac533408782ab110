"""The newest row may be as old as `preflight.max_silence`, and a source without rows is older than that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.quality.freshness import format_age, stale, stale_of
from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.settings.rules import Silence
from tests.streams import day

LIMIT = Silence(after=timedelta(hours=2))


@pytest.mark.parametrize(("hours", "found"), [(0, False), (2, False), (2.01, True), (50, True), (-1, False)])
def test_the_age_of_the_newest_row_is_limited(hours: float, found: bool) -> None:
    """At the limit nothing is found; a row of the future is not old."""
    finding = stale(day(5), LIMIT, day(5) + timedelta(hours=hours))
    assert (finding is not None) == found
    assert finding is None or (finding.code, finding.severity, finding.limit) == ("stale", "error", 7200.0)


def test_no_row_at_all_is_too_old() -> None:
    """That is the case for which the limit exists."""
    finding = stale(None, Silence(after=timedelta(hours=2), severity="fatal"), day(5))
    assert finding is not None
    assert (finding.severity, finding.observed) == ("fatal", None)
    assert finding.message == "the source has no row up to 2026-01-06 00:00 UTC (preflight.max_silence: 2h)"
    assert stale_of((finding,)) is finding
    assert stale_of(()) is None


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (3600, "1h"), (3660, "1h1m"), (90_061, "1d1h")])
def test_an_age_has_two_units(seconds: int, text: str) -> None:
    """The largest and the next one, if it is not 0."""
    assert format_age(timedelta(seconds=seconds)) == text


def test_a_duration_is_short_for_the_section() -> None:
    """`2h` and `{after: 2h}` are the same limit."""
    short = Preflight.model_validate({"max_silence": "2h"})
    assert short == Preflight.model_validate({"max_silence": {"after": "2h"}})
    assert short == Preflight.model_validate_json(short.model_dump_json())
    assert Preflight().max_silence is None
