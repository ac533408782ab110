"""A user's answer to a pending challenger: promoted or declined, with a message, and the pages follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.errors import NothingToApprove
from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHAMPION, promotion
from driftloop.pipelines.requests.approval import answer
from driftloop.pipelines.runtime import home
from tests.pipelines.registry.test_pending import asks
from tests.registered import registered
from tests.streams import day


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def waiting(ledger: Ledger, model: str) -> None:
    """Version 1 serves, version 2 waits for approval."""
    first, second = registered(model), registered(model)
    note = {"version": first.number}
    promotion.promote(
        ledger, first, instead_of=None, by=None, close_request=lambda: ledger.note(model, Kind.PROMOTED, note, day(1))
    )
    asks(ledger, second, "1")


def test_an_approved_challenger_serves(ledger: Ledger) -> None:
    """The message names both versions, and the site has the model's page with the new champion."""
    waiting(ledger, "approved-model")
    done = answer("approved-model", "2")
    assert (done.promoted, done.previous, done.site) == (True, "1", None)
    assert done.message == (
        "approved-model: version 2 is now champion, with its reference; version 1 is kept as previous"
    )
    serves = registry.aliased("approved-model", CHAMPION)
    assert serves is not None
    assert serves.number == "2"
    assert (home.home() / "site" / "models" / "approved-model.html").is_file()
    with pytest.raises(NothingToApprove):
        answer("approved-model", "2")


def test_a_declined_challenger_is_rejected_with_the_reason(ledger: Ledger) -> None:
    """The champion stays; the reason is in the message, in the tags of the version and in the ledger."""
    waiting(ledger, "declined-model")
    done = answer("declined-model", "2", decline="too large for the scorer")
    assert (done.promoted, done.previous) == (False, None)
    assert done.message == "declined-model: version 2 was declined (too large for the scorer); the champion stays"
    serves = registry.aliased("declined-model", CHAMPION)
    assert serves is not None
    assert serves.number == "1"
    assert [row["state"] for row in ledger.requests("declined-model")] == ["rejected"]
    assert "too large" in registry.versions("declined-model")[0].tags["driftloop.rejected"]


def test_nothing_is_answered_for_a_version_that_does_not_wait(ledger: Ledger) -> None:
    """The error names the version that does; champion and request stay as they are."""
    waiting(ledger, "other-model")
    with pytest.raises(NothingToApprove, match="version 3 does not wait for approval; version 2 does"):
        answer("other-model", "3")
    assert [row["state"] for row in ledger.requests("other-model")] == ["awaiting_approval"]
