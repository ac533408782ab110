"""Which candidates a backtest can compare."""

from __future__ import annotations

import numpy as np

from driftloop.monitoring.policies import AnyOf, Never, PerformanceDrop, Schedule, TargetDrift
from driftloop.pipelines.backtest.applicable import applicable
from driftloop.pipelines.backtest.candidates import Candidate
from driftloop.pipelines.backtest.replay import replay

AGES = np.subtract.outer(np.arange(12), np.arange(12)).T - 1.0


def judged(*candidates: Candidate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that are kept, and the notes, of a history without scores and without dates."""
    whole = replay(1 + 0.1 * AGES, policies={one.name: one.group for one in candidates})
    kept, notes = applicable(candidates, whole)
    return tuple(one.name for one in kept), notes


def test_a_rule_without_its_signals_is_left_out_with_the_reason() -> None:
    """Drift of the target is unknown here, and so are dates: such rules would look like `never`."""
    loss = Candidate("loss", "rule", (PerformanceDrop(max_rise=0.1),))
    kept, notes = judged(loss, Candidate("target", "rule", (TargetDrift(),)), Candidate("month", "rule", (Schedule(),)))
    assert kept == ("loss",)
    assert [note.partition(" is not applicable")[0] for note in notes] == ["target", "month"]
    assert "target_drift" in notes[0]
    assert "calendar" in notes[1]


def test_a_rule_that_judges_in_part_is_kept_with_a_note() -> None:
    """A composition decides by the member that can judge; the note names the one that cannot."""
    both = AnyOf(triggers=(PerformanceDrop(max_rise=0.1), TargetDrift()))
    kept, notes = judged(Candidate("both", "rule", (both,)), Candidate("never", "rule", (Never(),)))
    assert kept == ("both", "never")
    assert len(notes) == 1
    assert "target_drift" in notes[0]
    assert "performance_drop" not in notes[0]
