"""Law: every place that shows how far a column is over its threshold asks `strain`, for all drift methods."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from driftloop.monitoring.drift.methods import METHODS, SHARES, direction, strain
from driftloop.monitoring.drift.pointing import most_moved
from driftloop.monitoring.records import ColumnScore, Window, multiple
from driftloop.monitoring.report.page import verdict
from driftloop.pipelines.operations.comparison_page import render
from driftloop.pipelines.operations.comparisons import ColumnPair, Side, WindowComparison
from driftloop.pipelines.operations.pairs import as_table
from driftloop.pipelines.runtime.tables import PIPE
from driftloop.pipelines.site.heatmap import heatmap, step_of
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import Last
from tests.outcomes import made
from tests.pipelines.telemetry.test_metrics import SIX, standing
from tests.streams import day

ROOT = Path(__file__).parents[1]
HOME = "monitoring/drift/methods/__init__.py"
DIVIDES = re.compile(r"\bscores?\.score\s*/|/\s*[\w.]*\bscores?\.threshold|column_drift\S*\s*/")


def column(method: str, times: float) -> ColumnScore:
    """A column that is this many times over its threshold."""
    higher = direction(method) == "higher"
    score = 0.2 * times if higher else 0.2 / times
    kind = "categorical" if method in METHODS and "numeric" not in METHODS[method].kinds else "numeric"
    values = {"name": "fare", "role": "feature", "kind": kind, "method": method, "threshold": 0.2}
    return ColumnScore(score=score, drifted=times > 1, **values)


@pytest.mark.parametrize("method", [*METHODS, *SHARES])
@pytest.mark.parametrize(
    ("times", "text", "step"), [(0.25, "0.25x", "heat0"), (3.0, "3x", "heat3"), (25, "25x", "heat4")]
)
def test_all_places_show_the_same_multiple(method: str, times: float, text: str, step: str) -> None:
    """Report, heat map, comparison in the terminal and as a page, moved columns and Prometheus."""
    score = column(method, times)
    assert (multiple(strain(score)), step_of(score)) == (text, step)
    check = made(check_id="c", now=day(7), columns=(score,))
    assert f'class="ratio">{text}<' in verdict(check)
    heat = heatmap([check])
    assert heat is not None
    assert f">{text}  (" in heat.drawing
    side = Side(window=Window(start=day(0), end=day(7)), rows=9)
    pair = ColumnPair(score=score, importance=None, missing=(0, 0), means=(None, None), bins=())
    found = WindowComparison(model="m", earlier=side, later=side, champion=None, columns=(pair,), notes=())
    assert re.search(rf"\b{re.escape(text)}", as_table(found, PIPE))
    assert f">{text}<" in render(found)
    moved = most_moved([score], None, triggers=False)
    assert (moved is not None and f"fare {text} its limit" in moved.sentence()) == score.drifted
    last = Last(outcome="steady", reason="r", started=SIX, columns=(score,))
    (line,) = re.findall(r"driftloop_column_drift_ratio\{.*\} (.*)", metrics([standing(last=last)], SIX).decode())
    assert float(line) == pytest.approx(times)


def test_no_other_place_divides_a_score_by_a_threshold() -> None:
    """A p-value would get a wrong multiple there."""
    files = [*ROOT.glob("monitoring/**/*.py"), *ROOT.glob("pipelines/**/*.py"), *ROOT.glob("**/operations/*.json")]
    texts = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in files}
    assert json.loads(texts["docs/operations/grafana.json"])
    found = {name for name, text in texts.items() if DIVIDES.search(text)}
    assert found == {HOME}
