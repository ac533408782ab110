"""A challenger in shadow answers a share of the requests: which ones, what it cannot answer, and when that ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines import registry
from driftloop.pipelines.scoring.bodies import JSON, parsed
from driftloop.pipelines.scoring.canary import Canary, key_of, score
from driftloop.pipelines.scoring.champions import Champions, Place
from driftloop.pipelines.scoring.loaded import Loaded
from tests.conftest import Model
from tests.pipelines.scoring.conftest import ROW, Api

Make = Callable[..., Loaded]


def body(*ids: Any) -> bytes:
    return json.dumps([{**ROW, "order": one} for one in ids]).encode()


def versions(make_loaded: Make) -> tuple[Loaded, Canary]:
    champion = make_loaded(columns__id="order")
    return champion, Canary(make_loaded(number="4", columns__id="order"), 0.1)


def test_the_share_is_sticky_and_as_large_as_set(make_loaded: Make) -> None:
    """The same ids all the time, as number or text, for any other values; another challenger gets other ids."""
    champion, canary = versions(make_loaded)
    keys = [key_of(champion, champion.read(parsed(JSON, body(number))), b"") for number in range(4000)]
    taken = {number for number, key in enumerate(keys) if canary.takes(key)}
    assert 330 < len(taken) < 470  # 400 +- 3.7 standard deviations
    other = Canary(replace(canary.loaded, version=replace(canary.loaded.version, model_id="m-9")), 0.1)
    assert len(taken & {number for number, key in enumerate(keys) if other.takes(key)}) < 80
    for number in (min(taken), max(taken)):
        for one in (number, str(number), float(number)):
            asked = json.dumps([{**ROW, "amount": 3.5, "order": one}, {**ROW, "order": -1}]).encode()
            assert score(champion, canary, JSON, asked).by is canary.loaded
    assert score(champion, canary, JSON, body(next(n for n in range(99) if n not in taken))).by is champion
    assert score(champion, None, JSON, body(min(taken))).by is champion


def test_without_an_id_the_whole_request_is_the_key(make_loaded: Make) -> None:
    """The same request gets the same version; so does one whose first id is missing."""
    champion = versions(make_loaded)[0]
    asked = body(None, 1)
    assert key_of(champion, champion.read(parsed(JSON, asked)), asked) == asked
    plain = make_loaded()
    assert key_of(plain, plain.read(parsed(JSON, asked)), asked) == asked
    assert key_of(champion, champion.read(parsed(JSON, b"[]")), b"[]") == b"[]"


def test_what_the_challenger_cannot_answer_the_champion_does(
    make_loaded: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A column that callers do not send yet, and an estimator that fails: the reason is logged once."""
    champion, canary = make_loaded(columns__id="order", columns__numeric=["amount"]), versions(make_loaded)[1]
    canary.share = 1.0
    known = {name: value for name, value in ROW.items() if name != "speed"}
    for number in range(3):
        assert score(champion, canary, JSON, json.dumps([{**known, "order": number}]).encode()).by is champion
    assert "speed" in str(canary.problem)
    assert len([record for record in caplog.records if "in place of version 4" in record.message]) == 1

    def failing(*_: Any) -> None:
        raise EstimatorError("broken", "it fails", expected="numbers", remedy="repair it")

    champion, canary = versions(make_loaded)
    canary.share = 1.0
    monkeypatch.setattr(canary.loaded.served, "score", failing)
    assert score(champion, canary, JSON, body(1)).by is champion


def test_the_answer_and_the_log_have_the_version(make_loaded: Make, make_api: Callable[..., Api]) -> None:
    """Also `/health` and `/metrics`."""
    champion, canary = versions(make_loaded)
    api = make_api(champion)
    api.champions.places = {"made": Place(champion.project, "serving", champion, canary=replace(canary, share=0.5))}
    found = {api.predict([{**ROW, "order": number}])[1]["version"] for number in range(40)}
    assert found == {"3", "4"}
    (model,) = json.loads(api.ask("GET", "/health")[2])["models"]
    assert model["canary"] == {"version": "4", "share": 0.5, "problem": None}
    assert 'driftloop_score_canary_share{model="made",version="4"} 0.5' in api.ask("GET", "/metrics")[2].decode()


def test_the_alias_of_the_shadow_is_followed(made: Model) -> None:
    """From the next look on: it gets requests while it is in shadow, and all of them once it is the champion."""
    made.file.write_text(made.file.read_text() + "\npromotion: {shadow: 3, canary: 25%}\n")
    first, second = sorted(registry.versions(made.name), key=lambda one: one.number)
    champions = Champions([made.file])

    def looked() -> Place:
        champions.look()
        return champions.places[made.name]

    assert looked().canary is None
    registry.point(second, registry.SHADOW)
    try:
        canary = looked().canary
        assert canary is not None
        assert (canary.loaded.version.number, canary.share) == ("2", 0.25)
        assert looked().canary is canary
        registry.unpoint(made.name, registry.SHADOW)
        assert looked().canary is None
        registry.point(second, registry.SHADOW)
        loaded = looked().canary
        assert loaded is not None
        registry.point(second, registry.CHAMPION)
        promoted = looked()
        assert (promoted.loaded, promoted.canary) == (loaded.loaded, None)
    finally:
        registry.point(first, registry.CHAMPION)
        registry.unpoint(made.name, registry.SHADOW)
