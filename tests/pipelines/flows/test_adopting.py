"""The spans of an adoption: what the model may have learned from, and where its loss is measured."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

from driftloop.monitoring.ledger import Adoption
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.adopting import judged_rows, spans
from tests.streams import config, day, stream

CONFIG = Project.model_validate({**config(), "file": Path("model.yaml")})
WINDOW = Window(start=day(21), end=day(42))


def asked(trained_on: Window | None = None) -> Adoption:
    return Adoption(given="models:/m@prod", uri="models:/m/1", digest="d", trained_on=trained_on)


def test_a_model_has_learned_from_no_row_that_is_newer_than_itself() -> None:
    """Without the user's word the time at which it was logged bounds what it can have seen."""
    named = Window(start=day(1), end=day(9))
    result = spans(CONFIG, asked(named), WINDOW, day(30))
    assert (result.reference, result.learned, result.known) == (named, named, True)
    unknown = spans(CONFIG, asked(), WINDOW, None)
    assert (unknown.reference, unknown.learned, unknown.known) == (WINDOW, WINDOW, False)
    logged = spans(CONFIG, asked(), WINDOW, day(35))
    assert (logged.reference, logged.learned.end) == (WINDOW, day(35))
    assert spans(CONFIG, asked(), WINDOW, day(99)).learned.end == day(42), "a replay of the past"
    assert spans(CONFIG, asked(), WINDOW, day(3)).learned.end == day(3)


def test_the_loss_is_measured_right_after_the_training_rows_where_there_are_enough() -> None:
    """A holdout's length first, then all that is newer, then everything, which is in-sample."""
    frame = stream(42, 10)

    def judged(until: float) -> tuple[pd.Timestamp, pd.Timestamp, bool]:
        found = judged_rows(CONFIG, frame, Window(start=day(0), end=day(until)))
        return found.rows.ts.min(), found.rows.ts.max(), found.in_sample

    first, last, in_sample = judged(20)
    assert (first >= day(20), last < day(20) + CONFIG.held_out, in_sample) == (True, True, False)
    frame = frame[(frame.ts < day(20)) | (frame.ts >= day(24))]
    first, last, in_sample = judged(20)
    assert (first >= day(24), last > day(40), in_sample) == (True, True, False)
    assert judged(40)[2], "twenty rows are fewer than gate.min_rows"
    assert CONFIG.gate.min_rows == 50
    assert CONFIG.held_out == timedelta(days=5)
