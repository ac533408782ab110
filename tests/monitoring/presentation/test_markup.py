"""Whatever stands in the data, it stays text in a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.presentation.markup import EMPTY, POLICY, badge, pairs, table, text, with_head


@given(st.text())
def test_no_text_can_become_markup(raw: str) -> None:
    """Escaped text holds none of the signs that open a tag, close an attribute or start an entity of its own."""
    assert not set("<>\"'") & set(text(raw))
    assert text(raw) in badge("good", raw)
    assert text(raw) in pairs([("name", raw)])


def test_a_page_forbids_itself_the_network() -> None:
    """The policy stands before anything that it is to bind, and the title is escaped."""
    page = with_head(EMPTY, title="<b>&", style="p{}", top="<p>ours</p>")
    assert page.index(POLICY) < page.index("<title>&lt;b&gt;&amp;</title>") < page.index("<p>ours</p>")
    assert "default-src 'none'" in POLICY


def test_a_table_without_rows_is_left_out() -> None:
    """No heading stands over nothing."""
    assert table("Votes", ("Policy", "#Observed"), []) == ""
    assert '<th class="n">Observed</th>' in table("Votes", ("Policy", "#Observed"), [("a", "1")])
