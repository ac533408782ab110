"""A table shows the same on a phone as on a laptop."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jinja2 import UndefinedError

from driftloop.monitoring.presentation.templating import TEMPLATES

HEADS = (("Model", "name", False), ("Loss <mae>", "n", True), ("", "w", True))
CARDS: Any = TEMPLATES.get_template("presentation/cards.html.j2").module


def test_a_cell_brings_its_heading_along() -> None:
    """Where a row becomes a card, each value has its heading, except values that need none."""
    row = CARDS.row(HEADS, ("taxi", "3.5", ""), "c-1")
    cells = re.findall(r'<td class="(\w+)"( data-h="[^"]*")?', row)
    assert cells == [("name", ""), ("n", ' data-h="Loss &lt;mae&gt;"'), ("w", "")]
    assert '<tr id="c-1">' in row
    html = CARDS.table(HEADS, "whole", caller=lambda: row)
    assert html.count("<th") - html.count("<thead") == len(HEADS)


def test_headings_cells_and_anchors_are_escaped() -> None:
    """Everything that is given is text, unless a template made it."""
    html = CARDS.row(HEADS, ("<script>", "", ""), '"><script>')
    html += CARDS.table(HEADS, "whole", caller=lambda: "<script>")
    assert "<script>" not in html
    assert "Loss <mae>" not in html


def test_a_row_has_a_cell_for_every_heading() -> None:
    """A cell that is missing is an error, not an empty place."""
    with pytest.raises(UndefinedError):
        CARDS.row(HEADS, ("taxi", "3.5"))
