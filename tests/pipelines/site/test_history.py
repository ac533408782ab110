"""What happened to a model is told once, and a change that nobody recorded is found."""

from __future__ import annotations

from dataclasses import replace

from pipelines.site.history import Lineage, moved
from tests.histories import check, history, retrained


def test_each_end_of_a_training_and_each_rollback_is_one_mark() -> None:
    """Promotions, rejections, failures and rollbacks are in order of time, and the promotions are no moves."""
    marks = history(61).marks
    assert [mark.kind for mark in marks] == ["promoted", "failed", "promoted", "rolled_back", "rejected"]
    assert sorted(mark.moment for mark in marks) == [mark.moment for mark in marks]
    assert "OOM" in marks[1].told


def test_a_champion_that_changed_without_a_word_was_moved() -> None:
    """An alias that was set by hand shows as a mark at the next check, unless something known explains it."""
    checks = [check(0), check(1, champion="3"), check(2, champion="3")]
    found = moved(checks, [])
    assert [(mark.moment, mark.kind) for mark in found] == [(checks[1].now, "moved")]
    assert "version 1 to 3" in found[0].told
    explained = history(60)
    assert not [mark for mark in explained.marks if mark.kind == "moved"]
    assert [mark.kind for mark in replace(explained, rollbacks=()).marks].count("moved") == 1


def test_the_registry_knows_the_champion_better_than_the_last_check() -> None:
    """Between two checks a rollback moves the alias; without a registry the last check has the word."""
    told = replace(history(3), versions=(Lineage("7", alias="champion"),))
    assert told.champion == "7"
    assert replace(told, versions=()).champion == "1"
    assert replace(told, versions=(), checks=()).champion is None
    assert replace(told, versions=(), checks=(retrained(5, promoted=True, champion="1", version="2"),)).champion == "2"
