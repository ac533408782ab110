"""What the measuring steps of a check say without a flow around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.drift.reference import PREDICTION, profiled
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows import measuring
from tests import judged, streams
from tests.streams import day


@pytest.mark.parametrize(
    ("calibration", "weeks", "expected"),
    [("blocks", 2, True), ("blocks", 5, False), ("rows", 2, False), ("auto", 2, False)],
)
def test_a_check_reports_a_reference_too_short_for_blocks(
    calibration: str, weeks: int, expected: bool, tmp_path: Path
) -> None:
    """Preflight looks at the champion's profiles: two weeks are no variation from week to week, and it reports it."""
    frame = streams.stream(days=7 * weeks + 7, a_day=60)
    project = load(streams.write(tmp_path, frame, drift__calibration=calibration))
    end = day(7 * weeks)
    window = Window(start=end, end=day(7 * weeks + 7))
    known, fresh = (read_fresh(Query(project, span, tmp_path)) for span in (Window(start=day(0), end=end), window))
    rows = known.frame.assign(**{PREDICTION: 0.0})
    findings = measuring.preflight.fn(
        project,
        project,
        window,
        fresh,
        judged.reference(project, known.frame),
        profiled(rows, project, end),
        future_rows=0,
    )
    assert ("too_few_blocks" in {one.code for one in findings}) == expected
