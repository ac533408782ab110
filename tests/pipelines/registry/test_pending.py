"""A challenger that passed the gate waits for approval or for the verdict of its shadow; a user may decide earlier."""

from __future__ import annotations

from functools import partial

import pytest

from driftloop.monitoring.errors import ChampionChanged, NothingToApprove
from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.monitoring.records import Retrain, Window
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHALLENGER, SHADOW, Version, pending
from tests.pipelines.registry.conftest import Three
from tests.pipelines.registry.test_promotion import NOW, numbers, promote
from tests.registered import registered
from tests.streams import day


def asks(ledger: Ledger, version: Version, champion: str, kind: Kind = Kind.AWAITING_APPROVAL) -> None:
    """A request that has led to a version which waits."""
    request_id = f"{version.model}-{version.number}"
    window = Window(start=day(0), end=day(1))
    ledger.request(
        Request(request_id=request_id, model=version.model, champion=champion, window=window, now=NOW, reason="drift")
    )
    registry.tag(version, "driftloop.request_id", request_id)
    waits = Retrain(
        request_id=request_id,
        code=str(kind),
        version=version.number,
        promoted=False,
        champion_loss=2.0,
        challenger_loss=1.0,
        reason="better",
    )
    enters = pending.enter_shadow if kind is Kind.SHADOWING else pending.await_approval
    enters(ledger, version, by=None, close_request=partial(ledger.close_request, waits))


def test_a_challenger_waits_and_is_approved(three: Three, ledger: Ledger) -> None:
    """The champion serves until a user reports it; then both aliases move, the request is promoted, nothing waits."""
    first, second, _ = three
    promote(ledger, first, None)
    asks(ledger, second, "1")
    found = pending.waiting(ledger, first.model)
    assert found is not None
    assert (found[0].number, numbers(first.model)) == ("2", ("1", None))
    with pytest.raises(NothingToApprove, match=r"version 3 does not wait for approval; version 2 does"):
        pending.approve(ledger, first.model, "3")
    left, serves = pending.approve(ledger, first.model, "2")
    assert (left, serves.number, numbers(first.model)) == ("1", "2", ("2", "1"))
    assert registry.aliased(first.model, CHALLENGER) is None
    assert [row["state"] for row in ledger.requests(first.model)] == ["promoted"]
    with pytest.raises(NothingToApprove, match="no version does"):
        pending.approve(ledger, first.model, "2")


def test_approval_compares_with_the_champion_of_now(three: Three, ledger: Ledger) -> None:
    """A challenger that was proven against another champion is not let through, whichever process asks."""
    first, second, third = three
    promote(ledger, first, None)
    asks(ledger, second, "1")
    promote(ledger, third, "1")
    with pytest.raises(
        ChampionChanged, match="version 2 was compared with version 1, but the champion is now: version 3"
    ):
        pending.approve(ledger, first.model, "2")
    assert numbers(first.model) == ("3", "1")


def test_a_challenger_may_be_declined_or_superseded(three: Three, ledger: Ledger) -> None:
    """One waits at a time: the older one is rejected for the newer, and a user may send that one away as well."""
    first, second, third = three
    promote(ledger, first, None)
    asks(ledger, second, "1")
    asks(ledger, third, "1")
    assert [row["state"] for row in ledger.requests(first.model)] == ["awaiting_approval", "rejected"]
    pending.decline(ledger, first.model, "3", "too large for the scorer")
    assert [row["state"] for row in ledger.requests(first.model)] == ["rejected", "rejected"]
    assert "too large" in registry.versions(first.model)[0].tags["driftloop.rejected"]
    assert pending.waiting(ledger, first.model) is None
    assert numbers(first.model) == ("1", None)


def test_a_user_decides_on_a_challenger_in_shadow(three: Three, ledger: Ledger) -> None:
    """One is in shadow at a time; it may be declined, or promoted in place of the champion that serves by then."""
    first, second, third = three
    promote(ledger, first, None)
    asks(ledger, second, "1", Kind.SHADOWING)
    assert pending.waiting(ledger, first.model) is None
    asks(ledger, third, "1", Kind.SHADOWING)
    assert [row["state"] for row in ledger.requests(first.model)] == ["shadowing", "rejected"]
    assert "superseded: version 3 is newer" in str(registry.versions(first.model)[1].tags["driftloop.rejected"])
    found = pending.in_shadow(ledger, first.model)
    assert found is not None
    assert (found[0].number, numbers(first.model)) == ("3", ("1", None))
    promote(ledger, second, "1")
    left, serves = pending.approve(ledger, first.model, "3")
    assert (left, serves.number, numbers(first.model)) == ("2", "3", ("3", "2"))
    assert (pending.in_shadow(ledger, first.model), registry.aliased(first.model, SHADOW)) == (None, None)
    fourth = registered(first.model)
    asks(ledger, fourth, "3", Kind.SHADOWING)
    pending.decline(ledger, first.model, "4", "too large")
    assert registry.aliased(first.model, SHADOW) is None
    assert ledger.result(f"{first.model}-4") is not None
    assert (ledger.requests(first.model)[0]["state"], numbers(first.model)) == ("rejected", ("3", "2"))
