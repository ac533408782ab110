"""Exactly one recommended action, by cause and measured cures."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.monitoring.causes import recommend
from driftloop.monitoring.records import (
    ArchiveLead,
    ArchiveScores,
    Causes,
    Cure,
    Probe,
    Window,
    WindowAdvice,
    changed,
)
from tests.monitoring.causes.test_judging import SEGMENT, broken, parts

CHANGED = Causes(rows=900, reference_rows=900, cause="changed_relation", split=parts(0.1, 1.0), common=0.9)
WEEK = Window(start="2026-01-01", end="2026-01-08")


def archive(difference: float) -> ArchiveScores:
    lead = ArchiveLead(version="1", difference=difference, error=0.1, windows=2)
    return ArchiveScores(window=WEEK, rows=900, newest="2", scores=(), leads=(lead,), leader="1")


def probe(gap: float) -> Probe:
    return Probe(champion_loss=3.0, probe_loss=3.0 - gap, handicap=0.0, gap=gap, rows=900)


RECALIBRATION = Cure(action="recalibrate", gain=0.8, low=0.5, message="a shift lowers the loss")
LONGER = WindowAdvice(span=None, saved=0.3, least=0.1, percent=10.0)
CASES: list[tuple[Causes, dict[str, Any], str, float]] = [
    (changed(CHANGED, cause="harder_rows", split=parts(1.0, 0.0)), {}, "leave", 1.0),
    (changed(CHANGED, cause="harder_rows", split=parts(1.0, 0.0)), {"probe": probe(0.5)}, "leave", 1.0),
    (changed(CHANGED, cause="unclear"), {"archive": archive(0.9)}, "leave", 0.1),
    (changed(CHANGED, cause="broken_column", broken=(broken(1.1),)), {"archive": archive(2.0)}, "fix_data", 1.1),
    (CHANGED, {}, "retrain", 1.0),
    (changed(CHANGED, cause="segment", segment=SEGMENT), {}, "retrain", 1.0),
    (CHANGED, {"probe": probe(0.7)}, "retrain", 0.7),
    (CHANGED, {"probe": probe(-0.1)}, "leave", -0.1),
    (CHANGED, {"archive": archive(0.9)}, "switch_back", 0.9),
    (CHANGED, {"archive": archive(0.2)}, "retrain", 1.0),
    (changed(CHANGED, recalibration=RECALIBRATION), {}, "recalibrate", 0.8),
    (changed(CHANGED, recalibration=RECALIBRATION), {"archive": archive(0.9)}, "switch_back", 0.9),
    (changed(CHANGED, recalibration=RECALIBRATION), {"probe": probe(2.0)}, "retrain", 2.0),
    (CHANGED, {"window": LONGER}, "retrain_other_window", 0.3),
    (CHANGED, {"window": LONGER, "probe": probe(0.7)}, "retrain_other_window", 0.3),
]


@pytest.mark.parametrize(("causes", "given", "action", "number"), CASES)
def test_one_action_with_its_number(causes: Causes, given: dict[str, Any], action: str, number: float) -> None:
    """The cheapest cure that is enough, with the number that it was measured by."""
    made = recommend(causes, **given)
    assert made is not None
    assert (made.action, made.number) == (action, pytest.approx(number))
    assert made.message


def test_without_causes_there_is_no_advice_and_a_segment_is_named() -> None:
    """What could not be compared is not advised on; all measured cures are listed."""
    assert recommend(Causes(reason="no labels")) is None
    made = recommend(changed(CHANGED, cause="segment", segment=SEGMENT), probe=probe(0.7), archive=archive(0.2))
    assert made is not None
    assert "zone = 'x'" in made.message
    assert [cure.action for cure in made.cures] == ["switch_back", "retrain"]
