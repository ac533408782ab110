"""What a model has learned from: its frame, all rows that were read from disk, or a sample of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from driftloop.pipelines.config.project import load
from driftloop.pipelines.training.learned import learned_from
from driftloop.pipelines.training.steps import Part
from tests.streams import day, stream, write


def test_a_sample_has_its_own_number_and_the_times_of_all(tmp_path: Path) -> None:
    """`trained_on` covers all rows that a sample was drawn from, so that no held-out row is taken for unseen."""
    project, frame = load(write(tmp_path)), stream(3)
    own = learned_from(project, frame)
    assert (own.rows, own.ends) == (len(frame), frame["ts"].iloc[-1])
    whole = Part(10_000, "d1", day(0), day(9))
    assert learned_from(project, frame, whole).rows == 10_000
    sample = learned_from(project, frame, whole, sampled=True)
    assert (sample.rows, sample.span) == (len(frame), timedelta(days=9))
