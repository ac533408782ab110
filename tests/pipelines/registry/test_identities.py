"""Which version an entry of the ledger means: numbers begin at 1 again in a new registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.pipelines.registry import Version
from driftloop.pipelines.registry.identities import identities

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as opened:
        yield opened


def version(number: str, model_id: str, **tags: str) -> Version:
    return Version("taxi", number, model_id, None, tags)


def registered(ledger: Ledger, number: str, model_id: str | None, **more: Any) -> None:
    """Note that a version was registered, as a training does."""
    entry = {"version": number, "sealed": "s", **({} if model_id is None else {"model_id": model_id}), **more}
    ledger.note("taxi", Kind.REGISTERED, entry, NOW, subject=number)


def test_a_version_is_known_by_number_and_model(ledger: Ledger) -> None:
    """The same number with another stored model is a version that the ledger never saw."""
    registered(ledger, "1", "m-a")
    known = identities(ledger, "taxi")
    assert known.of(version("1", "m-a")) is not None
    assert known.of(version("1", "m-b")) is None
    assert known.of(version("2", "m-a")) is None
    assert identities(ledger, "bike").of(version("1", "m-a")) is None


def test_a_champion_that_was_set_is_not_registered(ledger: Ledger) -> None:
    """An entry about an alias has no seal: it does not prove that the files are those of a training."""
    ledger.note("taxi", Kind.CHAMPION_SET, {"version": "1", "model_id": "m-a"}, NOW, subject="1")
    assert identities(ledger, "taxi").of(version("1", "m-a")) is None


def test_an_old_entry_is_decided_by_its_request(ledger: Ledger) -> None:
    """An older driftloop named no model: the request that made the version reports it from a later one."""
    registered(ledger, "1", None, request_id="r1")
    known = identities(ledger, "taxi")
    assert known.of(version("1", "m-a", **{"driftloop.request_id": "r1"})) is not None
    assert known.of(version("1", "m-a", **{"driftloop.request_id": "r2"})) is None


def test_an_event_means_the_version_of_its_time(ledger: Ledger) -> None:
    """After the registry was lost, an event about the old version 1 is not about the new one."""
    registered(ledger, "1", "m-old")
    ledger.note("taxi", Kind.CHAMPION_SET, {"version": "1", "model_id": "m-old"}, NOW, subject="1")
    registered(ledger, "1", "m-new")
    event = next(one for one in ledger.events("taxi") if one.kind == Kind.CHAMPION_SET)
    known = identities(ledger, "taxi")
    assert known.is_about(event, version("1", "m-old"))
    assert not known.is_about(event, version("1", "m-new"))
    assert not known.is_about(event, version("2", "m-old"))


def test_a_number_that_two_registries_had_is_named_with_its_model(ledger: Ledger) -> None:
    """Alone a number is its own name; where an older registry had it too, the newest has its model with it."""
    registered(ledger, "1", "m-old")
    assert identities(ledger, "taxi").name("1") == "1"
    registered(ledger, "1", "m-new")
    assert identities(ledger, "taxi").name("1") == "1 m-new"
