"""The site follows the ledger and the registry, cheaply, and never fails what it follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.ledger import Kind, Ledger, Request
from monitoring.records import Outcome
from pipelines import home
from pipelines.cli import main
from pipelines.site import rewrite, write_all, writing
from pipelines.site.reading import read
from tests.histories import START, STEP, check, retrained


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A state folder of this test's own; MLflow's database is the session's."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path))
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def record(ledger: Ledger, *checks: object) -> None:
    for at, one in enumerate(checks):
        ledger.record(one, (f"key{at}",))  # type: ignore[arg-type]


def page(model: str) -> Path:
    return writing.folder() / "models" / f"{model}.html"


def test_a_check_rewrites_its_model_and_the_index_alone(ledger: Ledger) -> None:
    """Other models' pages are left as they are, and their lines stay in the index."""
    record(ledger, check(1, model="taxi"), check(2, model="bus").model_copy(update={"check_id": "b"}))
    assert write_all() == [page("bus"), page("taxi")]
    untouched = page("bus").stat().st_mtime_ns
    assert rewrite("taxi", ledger) is None
    assert page("bus").stat().st_mtime_ns == untouched
    index = writing.index().read_text()
    assert "models/bus.html" in index
    assert "models/taxi.html" in index


def test_the_command_writes_all_and_says_where(ledger: Ledger) -> None:
    """`driftloop site` names the page to open; --json names every page."""
    record(ledger, check(1, model="taxi"))
    told = CliRunner().invoke(main, ["site"])
    assert told.exit_code == 0
    assert told.output == f"wrote 1 model page; open {writing.index()}\n"
    as_json = json.loads(CliRunner().invoke(main, ["site", "--json"]).output)
    assert as_json == {"index": str(writing.index()), "pages": [str(page("taxi"))]}
    assert writing.index().is_file()


def test_pages_of_forgotten_models_go_and_broken_lines_wait(ledger: Ledger) -> None:
    """Writing all takes away what the ledger does not know; a line that cannot be read breaks no index."""
    record(ledger, check(1))
    write_all()
    page("gone").write_text("old")
    (writing.folder() / "models" / "taxi.json").write_text("{")
    assert rewrite("other", ledger) is None
    assert "models/taxi.html" not in writing.index().read_text()
    write_all()
    assert not page("gone").exists()
    assert "models/taxi.html" in writing.index().read_text()
    assert not list(writing.folder().rglob(".*.html.*")), "no scratch file is left"


def test_what_goes_wrong_is_told_and_not_raised(ledger: Ledger) -> None:
    """A check whose page cannot be written is still a finished check."""
    writing.folder().write_text("a file where the folder should be")
    told = rewrite("taxi", ledger)
    assert told is not None
    assert "the site could not be written" in told


def test_retrains_rollbacks_and_reports_are_read(ledger: Ledger, tmp_path: Path) -> None:
    """Requests know the check that asked, rollbacks come from the events, and only reports that exist are linked."""
    reports = home.reports("taxi")
    reports.mkdir(parents=True)
    (reports / "a b.html").write_text("report")
    asked = retrained(2, promoted=True, champion="1", version="2")
    asked = asked.model_copy(update={"report": str(reports / "a b.html")})
    gone = check(3, report=str(reports / "gone.html"))
    outside = check(4, report=str(tmp_path / "elsewhere.html"))
    (tmp_path / "elsewhere.html").write_text("not ours")
    assert asked.retrain is not None
    ledger.request(
        Request(
            request_id="r2", model="taxi", champion="1", window=asked.window, now=asked.now, reason="drift", check=asked
        )
    )
    ledger.settle(asked.retrain)
    record(ledger, asked, gone, outside)
    ledger.note("taxi", Kind.ROLLED_BACK, {"version": "1"}, START + 5 * STEP, subject="1")
    ledger.note("taxi", Kind.CHAMPION_SET, {"version": "2", "reason": "set by hand"}, START + 6 * STEP)
    told = read(ledger, "taxi", START, page("taxi"))
    assert [one.check_id for one in told.checks] == ["c2", "c3", "c4"]
    assert [(one.state, one.check_id) for one in told.requests] == [("promoted", "c2")]
    assert [mark.kind for mark in told.marks] == ["promoted", "rolled_back", "moved"]
    assert [mark.told for mark in told.moves] == ["set by hand", "rolled back to version 1"]
    assert told.links == {"c2": "../../reports/taxi/a%20b.html"}
    assert told.versions == ()


def test_only_the_newest_checks_are_read(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a model lives, a page reads a bounded number of checks and counts the others."""
    monkeypatch.setattr("pipelines.site.reading.MOST_CHECKS", 3)
    record(ledger, *(replace_id(at) for at in range(5)))
    told = read(ledger, "taxi", START, page("taxi"))
    assert [one.check_id for one in told.checks] == ["c2", "c3", "c4"]
    assert told.older == 2
    assert replace(told, older=0).judged == told.checks


def replace_id(at: int) -> object:
    return check(at, Outcome.STEADY)
