"""Any text of the data remains text in a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from driftloop.monitoring.presentation.markup import POLICY
from driftloop.monitoring.presentation.templating import TEMPLATES, render

PIECES: Any = TEMPLATES.get_template("presentation/pieces.html.j2").module


class Reader(HTMLParser):
    """The tags and the text of a piece of HTML, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(str(page))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_no_text_can_become_markup(raw: str) -> None:
    """A browser reads the tags of the piece and the text as it was given."""
    label, entry = Reader(PIECES.badge("good", raw)), Reader(PIECES.pairs([("name", raw)]))
    assert (label.tags, label.text) == (["span"], raw)
    assert (entry.tags, entry.text) == (["div", "dt", "dd"], f"name{raw}")


def test_a_page_forbids_itself_the_network() -> None:
    """The policy comes before anything that it applies to, and the title is escaped."""
    page = render("presentation/page.html.j2", title="<b>&", sheets=["presentation/style.css"])
    assert page.index(POLICY) < page.index("<title>&lt;b&gt;&amp;</title>") < page.index("#driftloop {")
    assert page.index("charset") < 200


def test_code_in_an_explanation() -> None:
    """Names between backticks are set as code; the rest is text."""
    entry = {"meaning": "a <b> of `x`", "cause": "", "remedy": "set `y`"}
    found = PIECES.explained(entry)
    assert "<p>Meaning: a &lt;b&gt; of <code>x</code>.</p>" in found
    assert "<p>What to do: set <code>y</code>.</p>" in found
    assert "Cause" not in found
    assert PIECES.explained(None) == ""


def test_a_missing_value_is_an_error() -> None:
    """A template never shows an empty text for a value that it was not given."""
    with pytest.raises(UndefinedError, match="title"):
        render("presentation/head.html.j2", sheets=[])


def test_ready_html_is_inserted_as_it_is() -> None:
    """Only what is of the type of ready HTML, such as a drawing."""
    assert PIECES.badge("new", Markup("<svg></svg>")) == '<span class="badge new"><svg></svg></span>'
