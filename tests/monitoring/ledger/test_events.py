"""Events are only added, in order, and report everything that was decided and everything that was not."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.ledger.tables import FORMAT
from driftloop.monitoring.records import Learned, Outcome, Vote
from tests.monitoring.ledger.test_ledger import NOW, ask, check, retrain


def test_an_event_reads_back_whole(ledger: Ledger) -> None:
    """Kind, subject, moment and payload are kept, infinite numbers included, with the version of the format."""
    ledger.note("taxi", "check_missed", {"late": timedelta(hours=1).total_seconds(), "x": math.inf}, NOW, subject="c9")
    (event,) = ledger.events("taxi")
    assert (event.model, event.kind, event.subject, event.now) == ("taxi", "check_missed", "c9", NOW)
    assert event.payload == {"late": 3600.0, "x": math.inf}
    assert event.format == FORMAT
    assert event.written_at.tzinfo is not None


def test_events_come_newest_first_and_can_be_chosen(ledger: Ledger) -> None:
    """By number of events, kind, subject and model; the order is that of writing, not of the replayed present."""
    for number, model in enumerate(["taxi", "air", "taxi", "taxi"]):
        kind = "probe" if number < 3 else "learned"
        ledger.note(model, kind, {"number": number}, NOW - timedelta(days=number), subject=f"s{number}")
    assert [event.payload["number"] for event in ledger.events("taxi")] == [3, 2, 0]
    assert [event.payload["number"] for event in ledger.events("taxi", most=1)] == [3]
    assert [event.payload["number"] for event in ledger.events("taxi", kinds=[Kind.PROBE])] == [2, 0]
    assert [event.payload["number"] for event in ledger.events("taxi", subject="s2")] == [2]
    assert ledger.events("nobody") == []
    assert ledger.models() == ["air", "taxi"]


@pytest.mark.parametrize("kind", ["", "Probe", "a b", "x" * 41, "drop;table"])
def test_a_kind_is_a_word(ledger: Ledger, kind: str) -> None:
    """A kind that would not fit its column, or that no one could search for, is refused and nothing is written."""
    with pytest.raises(ValueError, match="an event's kind is a word"):
        ledger.note("taxi", kind, {}, NOW)
    assert ledger.events("taxi") == []


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_check_leaves_one_event_with_its_votes(ledger: Ledger, outcome: Outcome) -> None:
    """Early exits too: what was not decided is reported as well, and a check that was not recorded leaves none."""
    votes = (Vote(policy="never", vote="hold", reason="it never fires"),)
    ledger.record(check(outcome=outcome, votes=votes, decision="wait"), ("k",))
    ledger.record(check(outcome=outcome, votes=votes, decision="wait"), ("k",))
    (event,) = ledger.events("taxi", subject="c1")
    assert (event.kind, event.payload["outcome"], event.payload["reason"]) == ("check_finished", outcome, "made")
    assert event.payload["votes"][0]["reason"] == "it never fires"


def test_a_request_reports_each_of_its_steps(ledger: Ledger) -> None:
    """Asked, broken off, asked again, promoted: four events on one request, and no fifth for an end that came late."""
    ask(ledger)
    ledger.fail("r1", "out of memory")
    ask(ledger)
    ledger.close_request(retrain())
    ledger.close_request(retrain(promoted=False))
    kinds = [event.kind for event in reversed(ledger.events("taxi", subject="r1"))]
    assert kinds == ["retrain_requested", "failed", "retrain_requested", "promoted"]


def test_the_newest_that_was_learned_counts(ledger: Ledger) -> None:
    """Before the first backtest nothing is known; a later one replaces an earlier one, for its model alone."""
    assert ledger.learned("taxi") is None
    first = Learned(batch_loss=2.0, age_gap=(0.0, 0.1), handicap=0.05, batches=40)
    ledger.learn("taxi", first, NOW)
    assert ledger.learned("taxi") == first
    ledger.learn("taxi", first.model_copy(update={"batch_loss": 1.5}), NOW)
    assert ledger.learned("taxi") == first.model_copy(update={"batch_loss": 1.5})
    assert ledger.learned("air") is None
