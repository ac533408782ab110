"""Former champions that could serve again; tests/scenarios/test_archive.py has the rest of the story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.registry import CHAMPION, Version
from driftloop.pipelines.registry.archive import chosen_by_user, former_champions
from driftloop.pipelines.runtime import home
from tests.registered import registered
from tests.streams import day

NOW = day(1)


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def served(ledger: Ledger, name: str, *codes: str) -> list[Version]:
    """Versions that served one after the other; the last one is champion."""
    versions = [registered(name) for _ in codes]
    for version, code in zip(versions, codes, strict=True):
        ledger.note(name, Kind.PROMOTED, {"version": version.number, "code": code}, NOW)
    registry.point(versions[-1], CHAMPION)
    return versions


def test_the_newest_former_champions_are_kept(ledger: Ledger) -> None:
    """Never the champion itself, never one that did not serve, and each once however often it served."""
    first, second, third = served(ledger, "kept", "better", "better", "better")
    registered("kept")
    ledger.note("kept", Kind.SWITCHED_BACK, {"version": first.number}, NOW)
    ledger.note("kept", Kind.PROMOTED, {"version": third.number}, NOW)
    found = former_champions(ledger, third, 8)
    assert [version.number for version in found] == [first.number, second.number]
    assert [version.number for version in former_champions(ledger, third, 1)] == [first.number]
    assert former_champions(ledger, third, 0) == ()


def test_what_a_user_refused_never_comes_back(ledger: Ledger) -> None:
    """A version that was rolled back from, or declined."""
    first, second, third = served(ledger, "refused", "better", "better", "better")
    ledger.note("refused", Kind.ROLLED_BACK, {"version": first.number, "left": second.number}, NOW)
    registry.tag(first, "driftloop.rejected", "declined: no")
    again = next(version for version in registry.versions("refused") if version.number == third.number)
    assert former_champions(ledger, again, 8) == ()


def test_what_the_watch_took_back_may_serve_again(ledger: Ledger) -> None:
    """It was worse on the rows of that time; on later rows it may be better."""
    first, second = served(ledger, "taken", "better", "better")
    left = {"version": first.number, "left": second.number, "code": "rolled_back"}
    ledger.note("taken", Kind.ROLLED_BACK, left, NOW)
    registry.point(first, CHAMPION)
    assert [version.number for version in former_champions(ledger, first, 8)] == [second.number]


@pytest.mark.parametrize(
    ("kind", "code", "chosen"),
    [
        (Kind.PROMOTED, "better", None),
        (Kind.SWITCHED_BACK, "switched_back", None),
        (Kind.RECALIBRATED, "recalibrated", None),
        (Kind.HEALED, None, None),
        (Kind.ROLLED_BACK, "rolled_back", None),
        (Kind.PROMOTED, "approved", "a user approved version 7"),
        (Kind.PROMOTED, "adopted", "a user adopted version 7"),
        (Kind.ROLLED_BACK, None, "a user rolled back to version 7"),
        (Kind.CHAMPION_SET, None, "a user set version 7 in MLflow"),
    ],
)
def test_the_newest_move_shows_who_chose(ledger: Ledger, kind: Kind, code: str | None, chosen: str | None) -> None:
    """Where each promotion needs an approval, an approval alone is no reason to leave the champion alone."""
    name = f"chosen-{kind}-{code}"
    assert chosen_by_user(ledger, name, approvals=True) is None
    code_of = {} if code is None else {"code": code}
    ledger.note(name, kind, {"version": "7", "left": "6", **code_of}, NOW)
    assert chosen_by_user(ledger, name, approvals=True) == chosen
    if code == "approved":
        assert chosen_by_user(ledger, name, approvals=False) is None
