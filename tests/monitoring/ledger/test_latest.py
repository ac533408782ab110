"""The newest entries of many models, in a few statements, equal to those asked for one by one."""

from __future__ import annotations

import pytest

from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.monitoring.records import Outcome
from tests.monitoring.ledger.test_ledger import DAY, NOW, WINDOW, check, retrain


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Three models: two with checks, one of them with requests and moves; one with a request alone."""
    for number, model in enumerate(["taxi", "bus", "taxi", "bus"]):
        ledger.record(check(number, model=model, now=NOW + number * DAY), (f"k{number}",))
    for request_id, model in (("r1", "taxi"), ("r2", "taxi"), ("r3", "tram")):
        ledger.request(
            Request(request_id=request_id, model=model, champion="1", window=WINDOW, now=NOW, reason="drift")
        )
    ledger.close_request(retrain("r1"))
    ledger.note("taxi", Kind.ROLLED_BACK, {"version": "1", "left": "2"}, NOW + DAY, subject="1")
    return ledger


def test_the_newest_of_each_model_is_found(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal to what is read for one model, also where one statement does not take all models."""
    kinds = [Kind.PROMOTED, Kind.ROLLED_BACK]
    for most in (5000, 1):
        monkeypatch.setattr("driftloop.monitoring.ledger.latest.MOST_VALUES", most)
        found = filled.latest(["taxi", "bus", "tram", "none"], kinds, ["r1", "r2", ""])
        assert found.checks == {model: filled.checks(model, most=1)[0] for model in ("taxi", "bus")}
        assert found.requests == {model: filled.requests(model, most=1)[0] for model in ("taxi", "tram")}
        assert found.events == {"taxi": filled.events("taxi", kinds=kinds)}
        assert [event.kind for event in found.events["taxi"]] == ["rolled_back", "promoted"]
        assert found.results == {"r1": retrain("r1")}
        newest = {model: filled.events(model, most=1)[0].number for model in ("taxi", "bus", "tram")}
        assert filled.newest_events(["taxi", "bus", "tram", "none"]) == newest
    assert filled.latest([], kinds, []).checks == {}


def test_models_are_found_by_any_table(filled: Ledger) -> None:
    """By a check, a request or an event; each once."""
    filled.note("boat", "healed", {}, NOW)
    assert filled.models() == ["boat", "bus", "taxi", "tram"]


def test_the_history_has_the_newest_checks(filled: Ledger) -> None:
    """As many as are asked for, oldest first; early exits do not count."""
    filled.record(check(9, Outcome.NO_DATA, NOW + 9 * DAY))
    whole = filled.history("taxi", NOW + 99 * DAY).checks
    assert [past.now for past in whole] == [NOW, NOW + 2 * DAY]
    assert filled.history("taxi", NOW + 99 * DAY, most=1).checks == whole[1:]
    assert filled.history("taxi", NOW + DAY, most=1).checks == whole[:1]
