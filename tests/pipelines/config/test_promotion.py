"""The section `promotion`: its short form, its defaults, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from driftloop.pipelines.requests.work import settings_of
from tests.streams import write


@pytest.mark.parametrize(
    ("given", "manual", "watch"),
    [("automatic", False, 4), ("manual", True, 4), ({"watch": 0}, False, 0), ({"mode": "manual", "watch": 2}, True, 2)],
)
def test_a_mode_alone_is_short_for_the_section(tmp_path: Path, given: Any, manual: bool, watch: int) -> None:
    """The watch is on unless it is switched off, a shadow is not."""
    found = load(write(tmp_path, promotion=given)).promotion
    assert (found.shadow, found.margin, found.canary) == (0, 0.01, 0)
    assert (found.manual, found.watch) == (manual, watch)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("auto", "mode"),
        ({"watch": -1}, "watch"),
        ({"watc": 3}, "watc"),
        ({"shadow": 1.5}, "shadow"),
        ({"margin": -1}, "margin"),
        ({"canary": "10%"}, "canary"),
        ({"shadow": 3, "canary": "60%"}, "canary"),
        ({"shadow": 3, "canary": "a tenth"}, "canary"),
    ],
)
def test_what_is_no_promotion_is_refused(tmp_path: Path, given: Any, key: str) -> None:
    """With the key that is wrong."""
    with pytest.raises(ConfigError, match=f"promotion.{key}"):
        load(write(tmp_path, promotion=given))


@pytest.mark.parametrize(("given", "share"), [("10%", 0.1), ("2.5 %", 0.025), (0.05, 0.05)])
def test_shares_are_numbers_or_in_percent(tmp_path: Path, given: Any, share: float) -> None:
    """As a number or in percent."""
    found = load(write(tmp_path, promotion={"shadow": 3, "canary": given, "margin": given})).promotion
    assert (found.canary, found.margin) == (pytest.approx(share), pytest.approx(share))


def test_a_longer_watch_keeps_open_requests_valid(tmp_path: Path) -> None:
    """The watch begins after the promotion; the mode decides what becomes of a challenger."""
    given: tuple[Any, ...] = ({}, {"watch": 0}, {"shadow": 2, "margin": 0.1, "canary": 0.1}, "manual")
    four, none, shadow, manual = (settings_of(load(write(tmp_path, promotion=each))) for each in given)
    assert four == none == shadow != manual
