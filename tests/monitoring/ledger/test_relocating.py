"""The paths of reports follow a state folder that was moved."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from driftloop.monitoring.ledger import Ledger
from tests.outcomes import made
from tests.streams import day


def test_reports_are_found_in_the_new_place(tmp_path: Path) -> None:
    """Those of the old folder alone, whatever its name; a second time changes nothing."""
    old, new = tmp_path / "stäte 100%_", tmp_path / 'new "place"'
    elsewhere = str(tmp_path / "stäte 100%x" / "reports" / "m.html")
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        ledger.record(made(check_id="a", report=str(old / "reports" / "m.html"), now=day(1)))
        ledger.record(made(check_id="b", report=elsewhere, now=day(2)))
        for _ in range(2):
            ledger.relocate(old, new)
            newest, first = ledger.checks("m")
            assert (first.report, newest.report) == (str(new / "reports" / "m.html"), elsewhere)
        assert ledger.events("m")[-1].payload["report"] == str(new / "reports" / "m.html")
