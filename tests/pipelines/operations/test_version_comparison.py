"""Two versions of a real model on the same rows, from the command line to the page and the site."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import driftloop
from driftloop.monitoring.errors import NothingToCompare
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.cli import main
from driftloop.pipelines.site.writing import page_of as site_page
from tests.conftest import Model
from tests.scenarios.test_shadow import SPANS
from tests.streams import day, stream

Make = Callable[..., Model]


def compared(made: Model, *words: str) -> Result:
    return CliRunner().invoke(main, ["compare", str(made.file), *words])


def test_two_versions_on_the_same_rows(model: Make) -> None:
    """The relation changed between them: the second is proven better, on all rows and on each slice."""
    rows = stream(70, concept_shift_at=21)
    narrow: dict[str, Any] = {"columns__numeric": ["amount"], "slices": [{"column": "city"}]}
    made = model(rows, **SPANS, **narrow, archive__keep=0, promotion={"watch": 0})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    early = compared(made, "--versions", "1", "2")
    assert (early.exit_code, "has no version '2'" in early.output) == (2, True), early.output
    assert "the number of a version (1), or an alias (champion, previous" in " ".join(early.output.split())
    made.given(columns__numeric=["amount", "speed"], training__params={"n_estimators": 25})
    assert made.check(day(42)).outcome is Outcome.PROMOTED
    shown = compared(made, "--versions", "1", "2", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert (found["first"]["version"], found["first"]["alias"]) == ("1", "previous")
    assert found["window"]["start"] == found["second"]["trained_on"][-1]["end"]
    assert found["rows"] > 1000
    losses = found["first"]["loss"], found["second"]["loss"]
    assert losses[0] > 5 * losses[1]
    assert found["difference"]["change"] == pytest.approx(losses[1] - losses[0])
    assert found["difference"]["low"] < found["difference"]["change"] < found["difference"]["high"] < 0
    assert {metric["metric"] for metric in found["first"]["metrics"]} >= {"rmse", "r2"}
    assert {one["name"].split(" = ")[-1] for one in found["slices"]} == {"berlin", "paris", "rome"}
    assert sum(one["rows"] for one in found["slices"]) == found["rows"]
    assert all(one["difference"]["high"] < 0 for one in found["slices"])
    assert set(found["second"]["features"]) - set(found["first"]["features"]) == {"speed"}

    page = Path(found["report"])
    text = page.read_text("utf-8")
    assert (page.name, text.count(">better</span>")) == ("versions_1_2.html", 4)
    assert (
        f'href="../../reports/{made.name}/versions_1_2.html">Versions 1 and 2</a>' in site_page(made.name).read_text()
    )
    terminal = compared(made, "--versions", "previous", "champion").output
    assert "version 2 is significantly better than version 1" in " ".join(terminal.split())
    assert "features that the other does not have" in terminal
    swapped = driftloop.compare(made.file, versions=(2, 1))
    assert swapped.difference.change == pytest.approx(losses[0] - losses[1])

    def refused(match: str, *versions: str) -> None:
        with pytest.raises(NothingToCompare, match=match):
            driftloop.compare(made.file, versions=versions)  # type: ignore[arg-type]

    refused("version 1 twice", "1", "previous")
    assert (
        "either --windows or --versions"
        in compared(made, "--versions", "1", "2", "--windows", "2026-02-01", "2026-02-08").output
    )
    made.given(rows.query("ts < @day(30)"))
    refused("no rows with known labels after .*; version 2 has learned from rows up to", "1", "2")
    made.given(rows.assign(y=rows["y"].where(rows["ts"] < day(42))))
    refused("0 labeled rows in", "1", "2")
    made.given(rows.drop(columns="speed"), columns__numeric=["amount"])
    refused("version 2 cannot read today's rows: 'speed' is not in the source", "2", "1")
    made.given(rows, columns__numeric=["speed"], columns__categorical=["amount", "city", "kind"])
    refused("version 1 cannot read today's rows: it reads 'amount' as numeric", "1", "2")
