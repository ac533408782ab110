"""The page of a comparison of two versions."""

from __future__ import annotations

from driftloop.pipelines.operations.version_comparison import Difference
from driftloop.pipelines.operations.version_page import render
from tests.pipelines.operations.test_version_pairs import ATTACK, comparison


def test_the_page_is_escaped_and_loads_nothing() -> None:
    """A link leads back to the model's page; without a site there is none."""
    found = comparison(Difference(change=-1.0, low=-2.0, high=-0.5))
    page = render(found, "../m.html")
    assert ATTACK not in page
    assert '<nav><a href="../m.html">m</a></nav>' in page
    assert "Version 7 (champion)" in page
    assert "Note: a note." in page
    assert "<nav>" not in render(found)
    assert [word for word in ("<script", "http://", "https://") if word in page] == []
