"""What a version knows of itself from its tags."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from driftloop.monitoring.records import Window
from driftloop.pipelines.registry import Version
from driftloop.pipelines.registry.version import RECALIBRATED_ON, RECALIBRATES


def version(**tags: str) -> Version:
    return Version("taxi", "3", "m-1", None, tags)


def test_the_newest_row_is_the_end_of_the_latest_span() -> None:
    """The age of a champion counts from the latest end of its spans, in whatever order they were written down."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    late = Window(start=start + timedelta(days=7), end=start + timedelta(days=14))
    early = Window(start=start, end=start + timedelta(days=3))
    spans = json.dumps([one.model_dump(mode="json") for one in (late, early)])
    made = version(**{"driftloop.trained_on": spans})
    assert made.trained_on == (late, early)
    assert made.newest_row == late.end


def test_a_recalibration_keeps_the_age() -> None:
    """The rows of a recalibration were learned from, so no gate compares on them; the age is that of the training."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    first = Window(start=start, end=start + timedelta(days=14))
    later = Window(start=start + timedelta(days=21), end=start + timedelta(days=28))
    made = version(
        **{
            "driftloop.trained_on": json.dumps([one.model_dump(mode="json") for one in (first, later)]),
            RECALIBRATED_ON: later.model_dump_json(),
            RECALIBRATES: "2",
        }
    )
    assert (made.newest_row, made.newest_learned, made.recalibrates) == (first.end, later.end, "2")
    assert (made.trained_on, made.fitted_on) == ((first, later), (first,))
    assert version().recalibrates is None


def test_a_version_without_the_tag_has_no_age() -> None:
    """A version of another tool has no spans and no newest row, and no error."""
    assert version().trained_on == ()
    assert version().newest_row is None
