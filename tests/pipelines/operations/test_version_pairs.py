"""A comparison of two versions as text and as a page."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.monitoring.records import DASH, Window
from driftloop.pipelines.operations.version_comparison import Difference, SlicePair, VersionComparison, VersionSide
from driftloop.pipelines.operations.version_page import render
from driftloop.pipelines.operations.version_pairs import MOST_FEATURES, as_table, sections, sentence
from driftloop.pipelines.runtime.tables import PIPE, Screen
from tests.streams import day

ATTACK = "<script>alert(1)</script>"
WINDOW = Window(start=day(0), end=day(7))


def side(version: str, loss: float, **more: Any) -> VersionSide:
    values: dict[str, Any] = {
        "version": version,
        "alias": None,
        "trained_on": (WINDOW,),
        "trained_rows": 900,
        "reference": WINDOW,
        "reference_loss_name": "mae",
        "reference_loss": loss,
        "loss": loss,
        "metrics": (),
        "features": ("fare",),
        "importance": {"fare": 1.0},
        "settings": {"trees": "20"},
    }
    return VersionSide.model_validate(values | more)


def comparison(difference: Difference, **more: Any) -> VersionComparison:
    values: dict[str, Any] = {
        "model": "m",
        "window": WINDOW,
        "rows": 1234,
        "loss_name": "mae",
        "first": side("3", 4.0),
        "second": side("7", 3.0, settings={"trees": "30"}, features=("fare", ATTACK), alias="champion"),
        "difference": difference,
        "slices": (SlicePair(name=ATTACK, rows=3, losses=(0.0, 1.0), difference=Difference(change=1.0)),),
        "notes": ("a note",),
    }
    return VersionComparison.model_validate(values | more)


@pytest.mark.parametrize(
    ("low", "high", "text", "badge"),
    [
        (-1.5, -0.5, "better than version 3: mae 3, version 3 4, -25.0% (95% CI -37.5% to -12.5%)", "better"),
        (0.5, 1.5, "is significantly worse than", "worse"),
        (-0.5, 0.5, "is not significantly different from version 3", "within chance"),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_interval(low: float, high: float, text: str, badge: str) -> None:
    """An interval without zero is a verdict; one with zero is chance."""
    found = comparison(Difference(change=(low + high) / 2, low=low, high=high))
    assert text in sentence(found)
    assert f">{badge}</span>" in render(found)
    assert badge in as_table(found, PIPE)


def test_a_difference_without_interval_has_no_verdict() -> None:
    """Too few rows, and a loss that is not finite."""
    few, infinite = comparison(Difference(change=-1.0)), comparison(Difference(change=None))
    assert "not significantly different" in sentence(few)
    assert "the difference is not finite" in sentence(infinite)
    assert 'class="badge' not in render(few) + render(infinite)


def test_only_what_differs_is_listed() -> None:
    """Settings that are equal are left out, as are features that both have; it fits a narrow screen."""
    many = {f"f{n:02}": 1 / 30 for n in range(30)}
    found = comparison(
        Difference(change=-1.0), first=side("3", 4.0, importance=many, settings={"a": "1", "trees": "20"})
    )
    lines = {section.title: {line.name: line for line in section.lines} for section in sections(found)}
    training = lines["Training"]
    assert (training["trees"].first, training["trees"].second, training["a"].second) == ("20", "30", DASH)
    assert training["features that the other does not have"].first == "none"
    assert len(lines["Importance of features"]) == MOST_FEATURES
    assert lines["Slices"][f"{ATTACK} (3 rows)"].difference == "+1", "no share of a loss of zero"
    assert max(map(len, as_table(found, Screen(60)).splitlines())) <= 60
