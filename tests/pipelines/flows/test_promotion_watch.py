"""Which promotions are watched; tests/scenarios/test_promotion_watch.py has the rest of the story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Adoption, Kind, Ledger, Request, SwitchBack
from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows import promotion_watch
from driftloop.pipelines.flows.paired_losses import Watch
from driftloop.pipelines.flows.promotion_watch import Plan, plan, state
from driftloop.pipelines.registry import CHAMPION, PREVIOUS, Version
from driftloop.pipelines.runtime import home
from tests.registered import registered
from tests.streams import config, day

WEEK = Window(start=day(0), end=day(7))
SWITCH = SwitchBack(version="1", champion_loss=2.0, loss=1.0)


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def promoted(ledger: Ledger, name: str, **asked: Any) -> Version:
    """A second version that was promoted by a request, with the first one as `previous`."""
    first, second = registered(name), registered(name)
    registry.point(first, PREVIOUS)
    registry.point(second, CHAMPION)
    registry.tag(second, "driftloop.trained_on", f"[{WEEK.model_dump_json()}]")
    values = {"champion": "1", "window": WEEK, "now": day(7), "reason": "loss rose", **asked}
    ledger.request(Request(request_id=name, model=name, **values))
    ledger.note(name, Kind.PROMOTED, {"version": "2", "request_id": name, "code": "better"}, day(7))
    return registry.champion(name)


def planned(ledger: Ledger, champion: Version, **changes: Any) -> Plan | None:
    return plan(Project.model_validate(config(**changes)), ledger, champion, day(14))


def test_a_promotion_by_the_gate_is_watched(ledger: Ledger) -> None:
    """From the promotion on where the rows of the previous one are unknown, as those of an adopted model may be."""
    champion = promoted(ledger, "gate")
    found = planned(ledger, champion)
    assert found is not None
    assert (found.promoted.version, found.promoted.previous, found.promoted.most) == ("2", "1", 4)
    assert (found.start, found.before) == (day(7), None)
    assert planned(ledger, champion, promotion={"watch": 0}) is None
    ledger.note("gate", Kind.HEALED, {"version": "2", "left": "2"}, day(8))
    assert planned(ledger, champion) is not None, "a repaired alias is the same choice"
    ledger.note("gate", Kind.CHAMPION_SET, {"version": "2", "left": "2"}, day(9))
    assert planned(ledger, champion) is None, "a user set it"


@pytest.mark.parametrize(
    "asked",
    [
        {"champion": None},
        {"adopt": Adoption(given="m", uri="m", digest="d")},
        {"follows": "v2"},
        {"switch": SWITCH},
    ],
    ids=["the first champion", "adopted", "elsewhere", "an approved switch back"],
)
def test_other_promotions_are_not_watched(ledger: Ledger, asked: dict[str, Any]) -> None:
    """Without a champion before it, chosen by a user, trained elsewhere, or a former champion."""
    assert planned(ledger, promoted(ledger, "other", **asked)) is None


def scores(*losses: float) -> ArchiveScores:
    """Losses of versions 2, 1, ... on a week."""
    made = (
        ArchiveScore(version=str(2 - at), loss=loss, waves=(0.1 * at,), bets=(1.0,) * 6)
        for at, loss in enumerate(losses)
    )
    return ArchiveScores(window=Window(start=day(7), end=day(14)), rows=400, newest="2", scores=tuple(made))


def test_each_reason_for_no_window_is_a_state(ledger: Ledger) -> None:
    """No rows, too few labels, no finite loss, and a version that cannot be compared."""
    champion = promoted(ledger, "states")
    found = planned(ledger, champion)
    assert found is not None
    watched = Watch((), champion, WEEK, "2")

    def found_state(watch: Watch | None, result: ArchiveScores | None, **problems: str) -> tuple[str, str]:
        after = state(found, ledger, watch, result, {key.removeprefix("v"): text for key, text in problems.items()})
        assert after is not None
        return after.state, after.reason

    assert found_state(None, None)[0] == "waiting"
    assert found_state(watched, None) == ("waiting", "too few labeled rows, minimum 100")
    assert found_state(watched, scores(2.0, float("inf"))) == ("waiting", "the losses of this window are not finite")
    assert found_state(watched, scores(2.0)) == ("unreadable", "version 1 has other classes, or its files are damaged")
    assert found_state(watched, None, v1="it needs 'x'") == ("unreadable", "version 1 cannot be compared: it needs 'x'")
    assert found_state(watched, scores(2.0, 2.0))[0] == "watching"
    registry.tag(found.previous, "driftloop.rejected", "declined: no")
    again = replace(found, previous=next(one for one in registry.versions("states") if one.number == "1"))
    after = state(again, ledger, watched, scores(2.0, 2.0), {})
    assert after is not None
    assert (after.state, "declined" in after.reason) == ("ended", True)
    assert promotion_watch.state(None, ledger, watched, scores(2.0), {}) is None
