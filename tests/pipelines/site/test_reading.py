"""What the ledger and the registry know of a model reaches its page, and no more than it can show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.pipelines.runtime import home
from driftloop.pipelines.site import writing
from driftloop.pipelines.site.reading import read
from tests.histories import START, STEP, check, retrained


def test_retrains_rollbacks_and_reports_are_read(ledger: Ledger, tmp_path: Path) -> None:
    """Requests know the check that asked, rollbacks come from the events, and only reports that exist are linked."""
    reports = home.reports("taxi")
    reports.mkdir(parents=True)
    (reports / "a b.html").write_text("report")
    for end in ("20250301T0000", "20250201T0000"):
        (reports / f"backtest_{end}.html").write_text("backtest")
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
    ledger.close_request(asked.retrain)
    for one in (asked, gone, outside):
        ledger.record(one)
    ledger.note("taxi", Kind.ROLLED_BACK, {"version": "1"}, START + 5 * STEP, subject="1")
    ledger.note("taxi", Kind.CHAMPION_SET, {"version": "2", "reason": "set by hand"}, START + 6 * STEP)
    history = read(ledger, "taxi", START, page())
    assert [one.check_id for one in history.checks] == ["c2", "c3", "c4"]
    assert [(one.state, one.check_id) for one in history.requests] == [("promoted", "c2")]
    assert [mark.kind for mark in history.marks] == ["promoted", "rolled_back", "moved"]
    assert [mark.reason for mark in history.moves] == ["set by hand", "rolled back to version 1"]
    assert history.links == {"c2": "../../reports/taxi/a%20b.html"}
    assert history.versions == ()
    assert history.backtest == "../../reports/taxi/backtest_20250301T0000.html"


def test_only_the_newest_checks_are_read(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a model lives, a page reads a bounded number of checks and counts the others."""
    monkeypatch.setattr("driftloop.pipelines.site.reading.MOST_CHECKS", 3)
    for at in range(5):
        ledger.record(check(at))
    history = read(ledger, "taxi", START, page())
    assert [one.check_id for one in history.checks] == ["c2", "c3", "c4"]
    assert history.older == 2
    assert replace(history, older=0).judged == history.checks


def page() -> Path:
    return writing.folder() / "models" / "taxi.html"
