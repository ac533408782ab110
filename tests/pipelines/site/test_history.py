"""What happened to a model is reported once, and nothing is reported twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from driftloop.monitoring.records import Window
from driftloop.pipelines.site.history import Lineage, Mark, ModelHistory
from tests.histories import START, history, request_of, retrained


def test_each_end_of_a_training_and_each_rollback_is_one_mark() -> None:
    """Promotions, rejections, failures and rollbacks are in order of time, and the promotions are no moves."""
    marks = history(61).marks
    assert [mark.kind for mark in marks] == ["promoted", "failed", "promoted", "rolled_back", "rejected"]
    assert sorted(mark.moment for mark in marks) == [mark.moment for mark in marks]
    assert "OOM" in marks[1].reason


def test_a_challenger_that_waits_is_neither_promoted_nor_rejected() -> None:
    """Until someone approves it, a proven challenger has a mark of its own."""
    asked = request_of(retrained(5, promoted=False, champion="1", version="2"))
    waiting = ModelHistory("taxi", START, requests=(replace(asked, state="awaiting_approval"),))
    assert [mark.kind for mark in waiting.marks] == ["waiting"]


def test_a_promotion_that_was_taken_back_is_one_mark() -> None:
    """Its event in the ledger is a move; the request that led to it has no second mark."""
    asked = request_of(retrained(5, promoted=True, champion="2", version="1"))
    moved = Mark(START, "rolled_back", "proven worse", "1", "2")
    taken = ModelHistory("taxi", START, requests=(replace(asked, state="rolled_back"),), moves=(moved,))
    assert [mark.kind for mark in taken.marks] == ["rolled_back"]
    assert taken.undone("2") == "rolled_back"


def test_the_registry_knows_the_champion_better_than_the_last_check() -> None:
    """Between two checks a rollback moves the alias; without a registry the last check has the word."""
    reason = replace(history(3), versions=(Lineage("7", alias="champion"),))
    assert reason.champion == "7"
    assert replace(reason, versions=()).champion == "1"
    assert replace(reason, versions=(), checks=()).champion is None
    assert (
        replace(reason, versions=(), checks=(retrained(5, promoted=True, champion="1", version="2"),)).champion == "2"
    )


def test_a_challenger_that_left_its_shadow_has_two_marks() -> None:
    """When it entered it, and its result when it left it, each with the span."""
    asked = request_of(retrained(12, promoted=True, champion="1", version="2"))
    shadow = Window(start=START + timedelta(days=5), end=START + timedelta(days=12))
    marks = ModelHistory("taxi", START, requests=(replace(asked, state="promoted", shadow=shadow),)).marks
    assert [(mark.kind, mark.moment) for mark in marks] == [("shadowing", shadow.start), ("promoted", shadow.end)]
    span = f"in shadow from {shadow.start:%Y-%m-%d %H:%M} to {shadow.end:%Y-%m-%d %H:%M}"
    assert marks[0].reason == f"version 2: {span}, then promoted"
    assert marks[1].reason.startswith(f"promoted, version 2: {span}; ")
