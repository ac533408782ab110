"""The watch over a promotion: which windows count, how it ends, and what it vetoes."""

from __future__ import annotations

from datetime import timedelta

from driftloop.monitoring.records import History, Outcome, PastCheck, WatchedWindow, Window, changed
from driftloop.monitoring.sequential import PROOF
from driftloop.monitoring.sequential.counting import Missing
from driftloop.monitoring.sequential.watch import PAUSE, WORSE, Promoted, end_early, judge, pause, veto
from tests.streams import day

PROMOTED = Promoted("3", "2", day(0), 4, timedelta(days=7))
NONE = Missing("waiting", "no labels")


def week(start: int, difference: float = 0.0, rows: int = 500) -> WatchedWindow:
    """One window of seven days; the standard error is 0.1."""
    bets = tuple(stake * difference * 40 for stake in (0.9, 0.5, 0.25, 0.12, 0.06, 0.03))
    return WatchedWindow(
        window=Window(start=day(start), end=day(start + 7)),
        rows=rows,
        champion_loss=2 + difference,
        previous_loss=2.0,
        error=0.1,
        degrees=6,
        bets=bets,
    )


def test_windows_are_collected_until_the_last_one() -> None:
    """A champion that is about as good passes after four windows."""
    windows: tuple[WatchedWindow, ...] = ()
    states = []
    for start in (0, 7, 14, 21):
        watch = judge(PROMOTED, windows, week(start, 0.05))
        windows = watch.windows
        states.append((watch.state, len(windows)))
    assert states == [("watching", 1), ("watching", 2), ("watching", 3), ("passed", 4)]
    assert "version 3 after 4 of 4 labeled windows: not proven worse than version 2" in watch.sentence
    assert veto(watch) == ()


def test_a_worse_one_is_proven_once() -> None:
    """After the proof no later window counts, so that it stays proven until the alias has moved."""
    first = judge(PROMOTED, (), week(0, 0.4))
    assert (first.state, first.evidence is not None and 1 < first.evidence < PROOF) == ("watching", True)
    second = judge(PROMOTED, first.windows, week(7, 0.4))
    assert (second.state, len(second.windows)) == ("proven_worse", 2)
    third = judge(PROMOTED, second.windows, week(14, -9.0))
    assert (third.state, third.windows) == ("proven_worse", second.windows)
    (vote,) = veto(third)
    assert (vote.policy, vote.vote, vote.threshold) == (WORSE, "veto", PROOF)
    last = (week(0, 0.3), week(7, 0.3), week(14))
    assert judge(PROMOTED, last, week(21, 0.6)).state == "proven_worse", "the last window counts too"


def test_a_check_without_a_window_reports_why() -> None:
    """Too few rows, rows that have counted already, and what the check itself found missing."""
    found = judge(PROMOTED, (), week(0, rows=99))
    assert (found.state, found.windows, found.reason) == ("waiting", (), "99 labeled rows, minimum 100")
    again = judge(PROMOTED, (week(0),), week(3, 9.0))
    assert (again.state, len(again.windows)) == ("waiting", 1)
    assert "rows up to 2026-01-08 00:00 have counted" in again.reason, again.reason
    assert judge(PROMOTED, (week(0),), NONE).reason == "no labels"
    short = changed(week(0, 9.0), window=Window(start=day(0), end=day(3)))
    assert judge(PROMOTED, (), short).reason == "the labeled rows since 2026-01-01 00:00 span less than half a window"
    assert judge(PROMOTED, (week(0), week(7), week(14), week(21)), NONE).state == "passed"


def test_corrected_labels_replace_what_was_judged() -> None:
    """The same window counts once, as it was judged last, even with fewer rows."""
    found = judge(PROMOTED, (week(0, 0.3), week(7)), week(0, -0.1, rows=40))
    assert [round(one.difference, 3) for one in found.windows] == [-0.1, 0.0]
    assert found.state == "watching"


def test_another_loss_begins_again() -> None:
    """Losses that were measured otherwise are not added up."""
    new = changed(week(7), loss_name="rmse")
    assert judge(PROMOTED, (week(0),), new).windows == (new,)


def test_a_watch_that_ends_early_reports_it_once() -> None:
    """An end that was reached before stays."""
    watch = judge(PROMOTED, (week(0),), week(7))
    over = end_early(watch, "version 4 serves")
    assert over is not None
    assert (over.state, over.reason) == ("ended", "the watch has ended: version 4 serves")
    passed = changed(watch, state="passed")
    assert end_early(passed, "version 4 serves") == passed
    assert end_early(None, "version 4 serves") is None


def test_no_retrain_follows_a_rollback_immediately() -> None:
    """The pause is a number of windows, however often the model is checked."""
    taken = PastCheck(now=day(10), outcome=Outcome.ROLLED_BACK, champion="3")
    history, length = History(checks=(taken, PastCheck(now=day(17), outcome=Outcome.HELD))), timedelta(days=7)
    (vote,) = pause(history, day(24), length, 4)
    assert (vote.policy, vote.vote, vote.observed, vote.threshold) == (PAUSE, "veto", 2.0, 4.0)
    assert pause(history, day(38), length, 4) == ()
    assert pause(history, day(24), length, 0) == ()
    assert pause(History(checks=history.checks[1:]), day(24), length, 4) == ()
