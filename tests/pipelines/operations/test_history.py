"""The history reads in the order things happened, reports why, and obeys nothing that the data states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome, Vote
from driftloop.pipelines.cli import main
from driftloop.pipelines.operations.history import render
from driftloop.pipelines.runtime import home
from driftloop.pipelines.runtime.tables import Screen
from tests.monitoring.ledger.test_ledger import NOW, ask, check, retrain


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


def shown(ledger: Ledger) -> str:
    return render(reversed(ledger.events("taxi")))


def test_every_step_is_shown_with_its_reason(ledger: Ledger) -> None:
    """Judged and not judged, asked, failed, asked again, promoted, rolled back: a line each, votes below a check."""
    votes = (Vote(policy="cooldown", vote="veto", reason="3 days since the last retrain"),)
    ledger.record(check(1, Outcome.HELD, votes=votes, champion="1"), ("k",))
    ledger.record(check(2, Outcome.NO_DATA))
    ask(ledger)
    ledger.fail("r1", "out of memory")
    ask(ledger)
    ledger.close_request(retrain())
    ledger.note("taxi", Kind.ROLLED_BACK, {"version": "1", "left": "2"}, NOW, subject="1")
    assert shown(ledger).splitlines() == [
        "2026-03-01 00:00  HELD               check c1 of 2026-02-22 to 2026-03-01, 9 rows, version 1: made",
        "        cooldown                 veto           3 days since the last retrain",
        "2026-03-01 00:00  NO_DATA            check c2 of 2026-02-22 to 2026-03-01, 9 rows, no champion: made",
        "2026-03-01 00:00  retrain requested  request r1 to replace version 1: drift",
        "2026-03-01 00:00  failed             request r1: out of memory",
        "2026-03-01 00:00  retrain requested  request r1 to replace version 1: drift",
        "2026-03-01 00:00  promoted           version 2: made",
        "2026-03-01 00:00  rolled back        version 1 serves again; version 2 is kept as previous",
    ]


@pytest.mark.parametrize("width", [60, 100, 200])
def test_a_history_fits_the_terminal(ledger: Ledger, width: int) -> None:
    """Long reasons wrap next to their policy, and nothing of them is lost."""
    reason = "12.5% more loss over 1,234,567 rows, which nothing else explains " * 3
    votes = (Vote(policy="performance_drop", vote="fire", reason=reason),)
    ledger.record(check(1, Outcome.HELD, votes=votes, champion="1"), ("k",))
    lines = render(ledger.events("taxi"), Screen(width)).splitlines()
    assert max(map(len, lines)) <= width, lines
    assert " ".join(lines).split() == shown(ledger).split()


def test_what_it_has_no_words_for_is_reported_all_the_same(ledger: Ledger) -> None:
    """An event of another kind, or one with less in it than expected, shows what it holds."""
    ledger.note("taxi", "check_missed", {"reason": "the service was down", "seconds": 60}, NOW)
    ledger.note("taxi", Kind.PROMOTED, {"by": "hand"}, NOW)
    first, second = shown(ledger).splitlines()
    assert first.endswith("check missed       the service was down (seconds 60)")
    assert second.endswith("promoted           by hand")


def test_a_reason_is_text_and_nothing_else(ledger: Ledger) -> None:
    """Braces, control characters and line breaks of the data neither break the page nor reach the terminal."""
    ledger.note("taxi", Kind.FAILED, {"reason": "{0.__class__} \x1b[2J\nall {well}"}, NOW, subject="r1")
    (line,) = shown(ledger).splitlines()
    assert line.endswith("request r1: {0.__class__} ?[2J all {well}")


@pytest.mark.usefixtures("_home")
def test_the_command_prints_words_or_one_object() -> None:
    """Newest last, `--most` cuts off the oldest, `--json` is one object; an unknown model exits with 2 and a hint."""
    with closing(Ledger(home.ledger_url())) as ledger:
        for number in range(3):
            ledger.note("logged-model", "probe", {"number": number}, NOW)
    run = CliRunner().invoke(main, ["history", "logged-model", "--most", "2"])
    assert [line[-1] for line in run.stdout.splitlines()] == ["1", "2"], run.output
    shown = json.loads(CliRunner().invoke(main, ["history", "logged-model", "--json"]).stdout)
    assert [event["payload"]["number"] for event in shown["events"]] == [0, 1, 2]
    assert {"kind", "now", "written_at", "format", "subject", "payload"} <= set(shown["events"][0])
    wrong = CliRunner().invoke(main, ["history", "logged-modell"])
    assert (wrong.exit_code, "Did you mean 'logged-model'?" in wrong.output) == (2, True)
