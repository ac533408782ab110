"""Which rows a challenger in shadow is compared on; tests/scenarios/test_shadow.py has the rest of the story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Reference, Retrain, Window, changed
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.paired_losses import Watch
from driftloop.pipelines.flows.shadow import Plan, plan, state
from driftloop.pipelines.registry import CHAMPION, SHADOW, Version
from driftloop.pipelines.runtime import home
from tests.registered import registered
from tests.streams import config, day

WEEK = Window(start=day(0), end=day(7))
REFERENCE = Reference(window=WEEK, rows=9, columns=(), source_types={}, loss_name="mae", loss=2.0, loss_rows=9)


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def entered(ledger: Ledger, name: str) -> Version:
    """Version 2 in shadow of version 1, both trained on the first week."""
    first, second = registered(name), registered(name)
    registry.point(first, CHAMPION)
    registry.point(second, SHADOW)
    for version in (first, second):
        registry.tag(version, "driftloop.trained_on", f"[{WEEK.model_dump_json()}]")
    registry.tag(second, "driftloop.request_id", name)
    asked = {"champion": "1", "window": WEEK, "now": day(8), "reason": "loss rose"}
    ledger.request(Request(request_id=name, model=name, **asked))
    values = {"promoted": False, "champion_loss": 2.0, "challenger_loss": 1.0, "reason": "better"}
    ledger.close_request(Retrain(request_id=name, code="shadowing", version="2", **values))
    return registry.champion(name)


def planned(ledger: Ledger, champion: Version, reference: Reference = REFERENCE, **promotion: Any) -> Plan | None:
    project = Project.model_validate(config(model=champion.model, promotion={"shadow": 3, **promotion}))
    return plan(project, ledger, champion, reference, day(14))


def test_it_is_compared_on_rows_after_the_gate(ledger: Ledger) -> None:
    """With a margin in units of the loss, if that of the reference is known; after a move of the alias from there."""
    assert planned(ledger, registered("shadow-0")) is None
    champion = entered(ledger, "shadow-1")
    found = planned(ledger, champion, margin=0.1)
    assert found is not None
    assert (found.shadow.version, found.shadow.champion, found.shadow.most) == ("2", "1", 3)
    assert (found.start, found.shadow.margin, found.windows, found.ends) == (day(7), 0.2, (), None)
    other = planned(ledger, champion, changed(REFERENCE, loss_name="rmse"), margin=0.1)
    assert other is not None
    assert other.shadow.margin == 0.0
    ledger.note("shadow-1", Kind.ROLLED_BACK, {"version": "1", "left": "0"}, day(10))
    moved = planned(ledger, champion)
    assert moved is not None
    assert moved.start == day(10)


def test_an_end_without_a_comparison_has_a_reason(ledger: Ledger) -> None:
    """It was switched off, or a newer version serves."""
    champion = entered(ledger, "shadow-2")
    off = planned(ledger, champion, shadow=0)
    assert off is not None
    result = state(off, None, None, day(14))
    assert result is not None
    assert (result.state, result.reason) == ("ended", "promotion.shadow is 0 now")
    registry.point(registered("shadow-2"), CHAMPION)
    newer = planned(ledger, registry.champion("shadow-2"))
    assert newer is not None
    assert newer.ends == "version 3, which is newer, serves"
    assert state(None, None, None, day(14)) is None


def test_each_reason_for_no_window_is_a_state(ledger: Ledger) -> None:
    """No rows, too few labels, no finite loss, and a version that cannot be compared."""
    champion = entered(ledger, "shadow-3")
    found = planned(ledger, champion)
    pair = Watch((), champion, WEEK, "2")

    def scores(*losses: float) -> ArchiveScores:
        known: dict[str, Any] = dict.fromkeys(("bets", "within", "worse"), (0.0,) * 6)
        made = (
            ArchiveScore(version=str(at), loss=loss, waves=(0.1 * at,), **known) for at, loss in enumerate(losses, 1)
        )
        return ArchiveScores(window=Window(start=day(7), end=day(14)), rows=400, newest="2", scores=tuple(made))

    def result(watched: Watch | str | None, measured: ArchiveScores | None) -> tuple[str, str]:
        after = state(found, watched, measured, day(14))
        assert after is not None
        return after.state, after.reason

    assert result(None, None) == ("waiting", "waits: no labeled rows of the time after 2026-01-08 00:00 yet")
    assert result(pair, None) == ("waiting", "waits: too few labeled rows, minimum 100")
    assert result(pair, scores(2.0, float("inf"))) == ("waiting", "waits: the losses of this window are not finite")
    assert result(pair, scores(2.0)) == ("ended", "version 2 has other classes, or its files are damaged")
    assert result("it needs 'x'", None) == ("ended", "version 2 cannot be compared: it needs 'x'")
    assert result(pair, scores(2.0, 2.0))[0] == "comparing"
