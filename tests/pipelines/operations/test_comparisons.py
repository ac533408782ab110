"""Two windows of a real model: what differs between them, from the command line to the page and the site."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import NothingToCompare
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.comparisons import Span, compare_windows, page_of
from driftloop.pipelines.site.writing import page_of as site_page
from tests.conftest import Model
from tests.streams import day, stream

Trained = Callable[..., Model]


def test_two_checked_windows_and_two_spans(trained: Trained) -> None:
    """Without names the newest two checks; shifted columns come first; the page and the model's page are linked."""
    made = trained(stream(days=42, input_shift_at=28))
    checks = [made.check(day(28)), made.check(day(35))]
    shown = CliRunner().invoke(main, ["compare", str(made.file), "--json"])
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert [found[side]["check_id"] for side in ("earlier", "later")] == [check.check_id for check in checks]
    assert found["later"]["loss"] == checks[1].performance.loss
    columns = {one["score"]["name"]: one for one in found["columns"]}
    assert {name for name, one in columns.items() if one["score"]["drifted"]} == {"amount", "speed", "prediction", "y"}
    assert columns["amount"]["means"] == [pytest.approx(10, abs=0.3), pytest.approx(14, abs=0.3)]
    assert sum(one["later"] for one in columns["city"]["bins"]) == pytest.approx(1)
    assert sum(one["importance"] or 0 for one in columns.values()) == pytest.approx(1, abs=0.01)
    project = load(made.file)
    page = page_of(made.name, checks[0].window, checks[1].window)
    assert page.read_text("utf-8").count('class="both"') == len(columns)
    link = f"../../reports/{made.name}/{page.name}"
    assert f'href="{link}">Windows to 2026-01-29 and 2026-02-05</a>' in site_page(made.name).read_text("utf-8")
    assert (site_page(made.name).parent / link).resolve() == page.resolve()

    quiet = compare_windows(project, [Span(day(28), day(25)), Span(day(21))])
    assert str(quiet.earlier.window) == "2026-01-15 to 2026-01-22", "the earlier one first, as long as windows.current"
    assert quiet.earlier.rows > 700
    assert quiet.later.check_id is None
    assert quiet.differing == ()
    (note,) = compare_windows(project, [Span(day(21)), Span(day(24))]).notes
    assert "the windows overlap from 2026-01-18 00:00 to 2026-01-22 00:00" in note
    refusals = (
        ([Span(day(21)), Span(day(400))], "the source has rows from"),
        ([Span(day(21))] * 2, "twice"),
    )
    for spans, problem in refusals:
        with pytest.raises(NothingToCompare, match=problem):
            compare_windows(project, spans)
    text = CliRunner().invoke(main, ["compare", str(made.file), "--windows", "2026-01-22", "2026-02-05"]).output
    assert "4 of 6 columns differ" in text
    refused = CliRunner().invoke(main, ["compare", str(made.file), "--windows", "2026-02-01..2026-01-01", "2026-02-05"])
    assert refused.exit_code == 2
    assert "has to start before it ends" in refused.output


def test_a_model_with_one_check_needs_windows(trained: Trained) -> None:
    """A method of Evidently and a column of nothing but new rows are compared too."""
    made = trained(task="binary")
    made.given(drift={"columns": {"amount": {"method": "evidently:ks"}}, "report_columns": 1})
    with pytest.raises(NothingToCompare, match="0 checked windows"):
        compare_windows(load(made.file), [])
    found = compare_windows(load(made.file), [Span(day(14)), Span(day(28))])
    assert {pair.score.name: pair.score.method for pair in found.columns}["amount"] == "evidently:ks"
    assert "y" in {pair.score.name for pair in found.columns}
