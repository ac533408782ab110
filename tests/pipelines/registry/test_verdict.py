"""The markdown of a verdict shows the data in it as text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.records import Finding, Vote
from driftloop.pipelines.registry.verdict import cell, verdict_markdown
from tests.pipelines.registry.test_evidence import check

SCRIPT = "</td><script>alert(1)</script>|\n![x](http://evil/p.png)`\\|"


def test_the_verdict_shows_the_data_as_text() -> None:
    """Pipes, line breaks, tags and links in the data break no table and become no markup."""
    result = verdict_markdown(
        check(
            reason=SCRIPT,
            votes=(Vote(policy="p", vote="fire", reason=SCRIPT, observed=1.0, threshold=0.5),),
            findings=(Finding(code="c", severity="error", column=SCRIPT, message=SCRIPT),),
        )
    )
    assert "<script" not in result
    assert not re.search(r"(?<!\\)\]\(http", result)
    rows = [line for line in result.split("\n") if line.startswith("|")]
    assert len(rows) == 6
    cells = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows}
    assert cells == {6, 5}, "five cells of a vote, four of a finding"


@given(st.text())
def test_a_cell_is_one_line(text: str) -> None:
    """Whatever the text, it stays in its cell."""
    escaped = cell(text)
    assert "\n" not in escaped
    assert "<" not in escaped
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", escaped)


def test_a_page_over_http_has_no_link_to_a_local_file() -> None:
    """A browser refuses to open it from there; without servers the link works."""
    local = check(report="/state/reports/m/r.html")
    assert "[report](file:///state/reports/m/r.html)" in verdict_markdown(local)
    served = verdict_markdown(check(report="/state/reports/m/r.html", mlflow_url="http://ml/#/runs/1"))
    assert "file://" not in served
    assert "- report: `/state/reports/m/r.html`" in served
