"""The site follows the ledger and the registry, cheaply, and never fails what it follows."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.cli import main
from driftloop.pipelines.site import rewrite, write_all, writing
from tests.histories import check


def page(model: str) -> Path:
    return writing.folder() / "models" / f"{model}.html"


def test_a_check_rewrites_its_model_and_the_index_alone(ledger: Ledger) -> None:
    """Other models' pages are left as they are, and their lines stay in the index."""
    ledger.record(check(1, model="taxi"))
    ledger.record(check(2, model="bus", check_id="b"))
    assert write_all() == ([page("bus"), page("taxi")], 2)
    untouched = page("bus").stat().st_mtime_ns
    assert rewrite("taxi", ledger) is None
    assert page("bus").stat().st_mtime_ns == untouched
    index = writing.index().read_text()
    assert "models/bus.html" in index
    assert "models/taxi.html" in index


def test_an_index_without_a_change_is_left_as_it_is(ledger: Ledger) -> None:
    """Its time is that of the newest change; a new check is one."""
    ledger.record(check(1, model="taxi"))
    assert rewrite("taxi", ledger) is None
    before = writing.index().stat().st_ino
    assert rewrite("taxi", ledger) is None
    assert writing.index().stat().st_ino == before
    ledger.record(check(2, model="taxi", check_id="b"))
    assert rewrite("taxi", ledger) is None
    assert writing.index().stat().st_ino != before


def test_the_command_writes_all_and_states_where(ledger: Ledger) -> None:
    """`driftloop site` names the page to open; --json names every page."""
    ledger.record(check(1, model="taxi"))
    ledger.record(check(2, model="bus", check_id="b"))
    shown = CliRunner().invoke(main, ["site"])
    assert shown.exit_code == 0
    assert shown.output == f"wrote 2 model pages; open {writing.index()}\n"
    ledger.record(check(3, model="taxi"))
    again = CliRunner().invoke(main, ["site"]).output
    assert again == f"wrote 1 model page of 2, the others have not changed; open {writing.index()}\n"
    as_json = json.loads(CliRunner().invoke(main, ["site", "--json"]).output)
    assert as_json == {"index": str(writing.index()), "pages": [str(page("bus")), str(page("taxi"))]}
    assert writing.index().is_file()


def test_pages_of_forgotten_models_go_and_broken_lines_wait(ledger: Ledger) -> None:
    """Writing all takes away what the ledger does not know; a line that cannot be read breaks no index."""
    ledger.record(check(1))
    write_all()
    page("gone").write_text("old")
    (writing.folder() / "models" / "taxi.json").write_text("{")
    assert rewrite("other", ledger) is None
    assert "models/taxi.html" not in writing.index().read_text()
    write_all()
    assert not page("gone").exists()
    assert "models/taxi.html" in writing.index().read_text()
    assert not list(writing.folder().rglob(".*.html.*")), "no scratch file is left"


def test_what_goes_wrong_is_reported_and_not_raised(ledger: Ledger) -> None:
    """A check whose page cannot be written is still a finished check."""
    writing.folder().write_text("a file where the folder should be")
    result = rewrite("taxi", ledger)
    assert result is not None
    assert "the site could not be written" in result
