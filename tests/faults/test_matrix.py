"""The documented matrix is the one that is tested."""

from __future__ import annotations

import re
from pathlib import Path

from driftloop.pipelines.runtime.failpoints import POINTS
from tests.faults.test_kills import IN_A_CHECK, IN_A_RETRAIN, SHADOW_POINTS

FOLDER = Path(__file__).parent
PAGE = (FOLDER.parents[1] / "docs" / "faults.md").read_text("utf-8")


def test_every_point_that_kills_is_tested_and_documented() -> None:
    """The table has a row for each point, in the order in which a check comes to them, and no other."""
    matrix = PAGE.partition("## The matrix")[2].partition("## Other faults")[0]
    rows = re.findall(r"^\| ([a-z ]+) \|", matrix.partition("|---|")[2], re.MULTILINE)
    assert tuple(rows) == IN_A_CHECK
    assert set(IN_A_CHECK) - set(POINTS) == {"in the fit"}
    assert set(POINTS) <= {*IN_A_CHECK, *SHADOW_POINTS}
    assert set(IN_A_RETRAIN) < set(IN_A_CHECK)


def test_every_test_that_the_page_names_exists() -> None:
    """What the page states is proven can be run by its name."""
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    tests = "".join(file.read_text("utf-8") for file in FOLDER.parent.rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))
    assert len(named) >= 20
    assert named <= there


def test_every_point_is_reached_in_the_code() -> None:
    """A point that no code comes to would be a kill that never happens."""
    code = "".join(file.read_text() for file in (FOLDER.parents[1] / "pipelines").rglob("*.py"))
    reached = re.findall(r'failpoints\.reach\("([a-z ]+)"\)', code)
    assert sorted(set(reached)) == sorted(POINTS)
