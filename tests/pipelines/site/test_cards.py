"""A table says on a phone what it says on a laptop."""

from __future__ import annotations

import re

from driftloop.pipelines.site.cards import Head, Row, cards

HEADS = (Head("Model", "name", told=False), Head("Loss <mae>", "n"), Head("", "w"))


def test_a_cell_brings_its_heading_along() -> None:
    """Where a row becomes a card, each value still says what it is, save those that speak for themselves."""
    html = cards(HEADS, [Row(("taxi", "3.5", ""), anchor="c-1")], "whole")
    cells = re.findall(r'<td class="(\w+)"( data-h="[^"]*")?', html)
    assert cells == [("name", ""), ("n", ' data-h="Loss &lt;mae&gt;"'), ("w", "")]
    assert '<tr id="c-1">' in html
    assert html.count("<th") - html.count("<thead") == len(HEADS)


def test_headings_and_anchors_are_escaped() -> None:
    """Cells are ready HTML; everything else that is given is text."""
    html = cards(HEADS, [Row(("", "", ""), anchor='"><script>')], "whole")
    assert "<script>" not in html
    assert "Loss <mae>" not in html
