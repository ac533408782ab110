"""What a request needs to be carried on by another process is in the ledger, and nothing is reported twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.errors import UnknownRequest
from driftloop.monitoring.ledger import Ledger, Progress, Request, ShadowVerdict
from driftloop.monitoring.records import Outcome, changed
from tests.monitoring.ledger.test_ledger import NOW, WINDOW, check, retrain

DECIDED = check(7, Outcome.HELD, decision="retrain", champion="1")
PROGRESS = Progress(
    run_id="run",
    code="better",
    reason="better by 9%",
    against="1",
    champion_loss=2.0,
    challenger_loss=float("inf"),
    model_id="m-1",
    sealed="abc",
    tags={"driftloop.gate": "better"},
)


def request(request_id: str = "r1", **more: object) -> Request:
    known = {"model": "taxi", "champion": "1", "window": WINDOW, "now": NOW, "reason": "drift"}
    return Request.model_validate({**known, "request_id": request_id, **more})


def test_a_request_holds_the_check_that_decided_on_it(ledger: Ledger) -> None:
    """Decision and request are one row: the next process knows what was asked, for which check, on which rows."""
    asked = request(check=DECIDED, rows="digest", settings="s", parent_run_id="run")
    assert ledger.request(asked) is None
    assert ledger.open_requests() == ledger.open_requests("taxi") == [asked]
    assert ledger.find_request("r1") == asked
    assert ledger.open_requests("air") == []


def test_asked_again_while_it_is_open_it_stays_as_it_was(ledger: Ledger) -> None:
    """The first asker's row is, and the history mentions one request."""
    ledger.request(request(check=DECIDED))
    assert ledger.request(request(reason="another", check=check(8))) is None
    assert ledger.find_request("r1").check == DECIDED
    assert len(ledger.events("taxi", kinds=["retrain_requested"])) == 1


def test_progress_is_kept_whole_and_forgotten_with_a_failure(ledger: Ledger) -> None:
    """The next process carries on from it; after a failure the next try begins again."""
    ledger.request(request())
    assert ledger.progress("r1") is None
    ledger.advance("r1", PROGRESS)
    assert ledger.progress("r1") == PROGRESS
    assert [one.request_id for one in ledger.open_requests("taxi")] == ["r1"]
    ledger.fail("r1", "the disk is full")
    assert ledger.progress("r1") is None
    assert ledger.open_requests("taxi") == []


def test_a_check_without_its_final_outcome_is_found(ledger: Ledger) -> None:
    """Its request has ended, in a result or in a failure, and the check was never recorded; afterwards it is."""
    for name, number in (("r1", 1), ("r2", 2), ("r3", 3)):
        ledger.request(request(name, check=check(number)))
    ledger.request(request("by hand"))
    ledger.close_request(retrain("r1"))
    ledger.fail("r2", "out of memory")
    ledger.close_request(retrain("by hand"))
    found = ledger.ended_without_check("taxi")
    assert [(one.request_id, end) for one, end in found] == [("r1", retrain("r1")), ("r2", "out of memory")]
    ledger.record(check(1), ("k1",))
    ledger.record(check(2, Outcome.FAILED))
    assert ledger.ended_without_check("taxi") == []


def test_what_waits_for_approval_has_an_end_that_may_still_change(ledger: Ledger) -> None:
    """It counts as a retrain of the past immediately; a user's word replaces it, and after that none does."""
    ledger.request(request())
    waits = retrain(promoted=False, code="awaiting_approval")
    assert ledger.close_request(waits)
    assert not ledger.close_request(waits)
    assert [row["state"] for row in ledger.requests("taxi")] == ["awaiting_approval"]
    assert len(ledger.history("taxi", NOW).retrains) == 1
    assert ledger.close_request(retrain(code="approved"))
    assert not ledger.close_request(retrain(promoted=False))
    assert [event.kind for event in ledger.events("taxi", most=2)] == ["promoted", "awaiting_approval"]


def test_a_challenger_in_shadow_is_carried_on_with_its_verdict(ledger: Ledger) -> None:
    """Its request is that of the check with the verdict from then on; a failure and the attempts count from there."""
    ledger.request(request(check=check(1)))
    ledger.advance("r1", PROGRESS)
    for _ in range(2):
        with ledger.hold_request("r1", waiting=None):
            pass
    shadows = retrain(promoted=False, code="shadowing")
    assert ledger.close_request(shadows)
    assert (ledger.open_requests("taxi"), ledger.ended_without_check("taxi")[0][1]) == ([], shadows)
    assert ledger.request(request()) == shadows
    assert [one.promoted for one in ledger.history("taxi", NOW).retrains] == [False]
    later = request(check=check(2), now=NOW + timedelta(days=7))
    verdict = ShadowVerdict(promote=True, code="shadow_proven", reason="proven to be better")
    judged = changed(PROGRESS, verdict=verdict, against="2")
    assert ledger.judge_shadow(later, judged)
    assert not ledger.judge_shadow(later, judged), "once"
    assert (ledger.open_requests("taxi"), ledger.progress("r1"), ledger.result("r1")) == ([later], judged, None)
    assert ledger.attempts("r1") == 0
    assert ledger.close_request(retrain(code="shadow_proven"))
    (found,) = ledger.ended_without_check("taxi")
    assert (found[0].check, found[1]) == (check(2), retrain(code="shadow_proven"))
    events = ledger.events("taxi", most=3)
    assert [event.kind for event in events] == ["promoted", "shadow_judged", "shadowing"]
    assert events[0].now == NOW + timedelta(days=7)
    assert not ledger.judge_shadow(later, judged)


def test_what_was_never_asked_for_is_an_error(ledger: Ledger) -> None:
    """No progress, claim or end of a request that no one knows is written."""
    with pytest.raises(UnknownRequest, match="no request 'r9'"):
        ledger.advance("r9", PROGRESS)
    with pytest.raises(UnknownRequest, match="no request 'r9'"), ledger.hold_request("r9", waiting=None):
        pass
    assert ledger.busy("request/r9") is None
    assert ledger.result("r9") is None
