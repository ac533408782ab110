"""A comparison of two windows as text and as a page."""

from __future__ import annotations

import re
from typing import Any

from driftloop.monitoring.records import DASH, ColumnScore, Window
from driftloop.monitoring.report.histograms import Bin
from driftloop.pipelines.operations.comparison_page import MOST_DRAWN, render
from driftloop.pipelines.operations.comparisons import ColumnPair, Side, WindowComparison
from driftloop.pipelines.operations.pairs import as_table, blocks, change, sentence
from driftloop.pipelines.runtime.tables import PIPE, Screen
from tests.streams import day

ATTACK = "<script>alert(1)</script>"


def pair(name: str, score: float = 0.5, threshold: float = 0.1, **more: Any) -> ColumnPair:
    values: dict[str, Any] = {
        "score": ColumnScore(
            name=name,
            role="feature",
            kind="numeric",
            method="ks",
            score=score,
            threshold=threshold,
            drifted=score > threshold,
        ),
        "importance": None,
        "missing": (0.0, 0.25),
        "means": (1.0, 2.0),
        "bins": (Bin(name="0 to 1", earlier=0.75, later=0.25), Bin(name=ATTACK, earlier=0.25, later=0.75)),
    }
    return ColumnPair.model_validate(values | more)


def comparison(*pairs: ColumnPair) -> WindowComparison:
    early, late = (Side(window=Window(start=day(n), end=day(n + 7)), rows=90) for n in (0, 7))
    return WindowComparison(model="m", earlier=early, later=late, champion=None, columns=pairs, notes=("no champion",))


def test_the_text_fits_a_pipe_and_a_phone() -> None:
    """Which columns differ, by how much, how they moved, and the note; on a narrow screen each column is a block."""
    found = comparison(pair("fare"), pair("steady", 0.01))
    assert sentence(found) == "1 of 2 columns differs beyond the threshold: 'fare'"
    text = as_table(found, PIPE)
    assert re.search(r"fare +0\.5 +0\.1 +5x +█▃ +▃█ +mean 1 → 2, missing 0\.0% → 25\.0%", text)
    assert "note: no champion" in text
    assert max(map(len, as_table(found, Screen(40)).splitlines())) <= 40
    assert sentence(comparison(pair("a", 0.01))) == "none of 1 columns differs beyond its threshold"


def test_shares_of_categories_and_columns_without_values() -> None:
    """The most frequent category of each side; a column that is empty has neither."""
    assert change(pair("plan", means=(None, None))) == (
        f"0 to 1 75% → 25%, {ATTACK} 25% → 75%",
        "missing 0.0% → 25.0%",
    )
    assert change(pair("gone", means=(None, None), bins=(), missing=(0.0, 0.0))) == (DASH, "")
    assert len(blocks([0.1] * 25)) == 9, "at most ten bars"
    assert blocks([]) == ""


def test_the_page_is_escaped_and_draws_the_most_different() -> None:
    """200 columns are in the table, 60 are drawn; a column without bins is in the table only."""
    page = render(comparison(pair(ATTACK), pair("empty", bins=()), *(pair(f"c{n}") for n in range(198))), "../m.html")
    assert ATTACK not in page
    assert page.count('class="both"') == MOST_DRAWN - 1
    assert "140 more columns are in the table only" in page
    assert page.count('data-h="Method"') == 200
    assert len(page) < 1_000_000
    assert "no check of exactly these rows" in page
