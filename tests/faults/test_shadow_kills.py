"""A process is killed while a challenger enters its shadow, or leaves it by its verdict; the next one finishes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.registry import SHADOW, pending
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.test_kills import SHADOW_POINTS, running
from tests.scenarios.test_archive import aliases, returning
from tests.scenarios.test_shadow import SPANS, shadowing
from tests.streams import day, stream

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]
ENTERS = (
    *("wrote decision", "claimed request", "wrote progress", "registered version", "loaded back", "pointed shadow"),
    *("settled request", "closed run", "closed check", "recorded check", "announced check"),
)
LEAVES = (
    *("saved report", "judged shadow", "claimed request", "loaded back", "moved previous", "moved champion"),
    *("left shadow", "settled request", "closed run", "closed check", "recorded check", "announced check"),
)


def test_every_point_of_a_shadow_is_tried() -> None:
    """The points that only a challenger in shadow reaches."""
    assert set(SHADOW_POINTS) <= {*ENTERS, *LEAVES}


@pytest.mark.parametrize("point", ENTERS)
def test_a_challenger_enters_its_shadow_once(model: Make, either_ledger: None, killed: Killed, point: str) -> None:
    """Wherever the check dies: one version, in shadow; the champion serves, and the check has its final outcome."""
    made = model(stream(63, concept_shift_at=21), **SPANS, archive__keep=0, promotion={"shadow": 3})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    killed(point, lives.check, str(made.file), day(42))
    again = made.check(day(42))
    assert again.outcome in {Outcome.SHADOWING, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
        assert outcomes.count(Outcome.SHADOWING) == 1
        assert len(ledger.events(made.name, kinds=(Kind.SHADOWING,))) == 1
        found = pending.in_shadow(ledger, made.name)
    assert found is not None
    assert (found[0].number, aliases(made), len(registry.versions(made.name))) == ("2", ["1", None], 2)
    assert running(made) == []
    assert made.check(day(42)).outcome is Outcome.ALREADY_CHECKED


@pytest.mark.parametrize("point", LEAVES)
def test_a_challenger_leaves_its_shadow_once(model: Make, either_ledger: None, killed: Killed, point: str) -> None:
    """Wherever the check with the proof dies: one promotion, with its reason, and nothing is trained."""
    made = shadowing(model)
    killed(point, lives.check, str(made.file), day(49))
    again = made.check(day(49))
    assert again.outcome in {Outcome.PROMOTED, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        (check,) = [check for check in ledger.checks(made.name) if check.outcome is Outcome.PROMOTED]
        kinds = (Kind.SHADOW_JUDGED, Kind.PROMOTED, Kind.HEALED, Kind.CHAMPION_SET)
        assert [event.kind for event in ledger.events(made.name, kinds=kinds)] == [
            "promoted",
            "shadow_judged",
            "promoted",
        ]
        assert [row["state"] for row in ledger.requests(made.name)] == ["promoted", "promoted"]
    assert check.shadow is not None
    assert (check.shadow.state, "proven to be better than version 1" in check.reason) == ("proven", True)
    assert (aliases(made), registry.aliased(made.name, SHADOW), len(registry.versions(made.name))) == (
        ["2", "1"],
        None,
        2,
    )
    assert running(made) == []
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED


@pytest.mark.parametrize("point", ["judged shadow", "left shadow"])
def test_a_challenger_is_declined_once(model: Make, either_ledger: None, killed: Killed, point: str) -> None:
    """The champion stays after any death, and no version is in shadow."""
    made = shadowing(model, returning())
    killed(point, lives.check, str(made.file), day(49))
    again = made.check(day(49))
    assert again.outcome in {Outcome.SHADOW_DECLINED, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
        assert [row["state"] for row in ledger.requests(made.name)] == ["rejected", "promoted"]
    assert outcomes.count(Outcome.SHADOW_DECLINED) == 1
    assert (aliases(made), registry.aliased(made.name, SHADOW)) == (["1", None], None)
    assert running(made) == []
