"""The verdict on a challenger in shadow: what is proven, what counts, and how it ends without a proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.losses.performance import degrees, waves
from driftloop.monitoring.records import Shadow, ShadowWindow, Window, changed
from driftloop.monitoring.sequential import PROOF, bets
from driftloop.monitoring.sequential.counting import Missing
from driftloop.monitoring.sequential.shadow import VETO, InShadow, end, judge, veto
from tests.streams import day

WEEK = timedelta(days=7)
SHADOW = InShadow("3", "2", day(0), 3, WEEK, timedelta(), 0.1)
NONE = Missing("waiting", "no labels")


def week(start: int, higher: float, margin: float = 0.1, rows: int = 500) -> ShadowWindow:
    """A week on which the challenger's loss is higher by this much, with a deviation of 1 from row to row."""
    difference = higher + np.random.default_rng(start).normal(size=rows)
    difference += higher - difference.mean()
    slow = waves(difference[:, None])
    return ShadowWindow(
        window=Window(start=day(start), end=day(start + 7)),
        rows=rows,
        champion_loss=2.0,
        challenger_loss=2.0 + higher,
        error=float(np.linalg.norm(slow)),
        degrees=degrees(rows),
        better=bets(-difference, 10.0),
        within=bets(margin - difference, 10.0),
        worse=bets(difference, 10.0),
        margin=margin,
    )


def after(shadow: InShadow, *windows: ShadowWindow, now: int = 7) -> Shadow:
    """The state after these windows, one check each."""
    state = judge(shadow, (), NONE, day(0))
    for window in windows:
        state = judge(shadow, state.windows, window, day(now))
    return state


@pytest.mark.parametrize(
    ("higher", "margin", "state", "reason"),
    [
        (-0.9, 0.1, "proven", "proven to be better than version 2"),
        (-0.9, 0.0, "proven", "proven to be better than version 2"),
        (0.0, 0.9, "proven", "proven not worse than version 2 by more than the margin of 0.9"),
        (0.9, 0.1, "proven_worse", "proven worse than version 2"),
        (0.9, 2.0, "proven_worse", "proven worse than version 2"),
        (0.0, 0.0, "comparing", "neither proven to be better, nor within the margin, nor worse than version 2"),
        (0.0, 0.05, "comparing", "neither proven to be better, nor within the margin, nor worse than version 2"),
    ],
)
def test_each_answer_is_proven(higher: float, margin: float, state: str, reason: str) -> None:
    """A loss that is proven higher declines, also where it is proven to be within the margin."""
    found = after(SHADOW._replace(margin=margin), week(0, higher, margin), week(7, higher, margin))
    assert (found.state, found.reason) == (state, reason)
    assert found.promotes is {"proven": True, "proven_worse": False}.get(state)
    assert found.difference == pytest.approx(higher)


def test_without_a_proof_the_last_window_ends_it() -> None:
    """The challenger is declined, and the sentence has the evidence that was missing."""
    weeks = (week(start, 0.0, 0.01) for start in (0, 7, 14))
    found = after(SHADOW._replace(margin=0.01), *weeks)
    assert (found.state, found.promotes, len(found.windows)) == ("unproven", False, 3)
    assert "after 3 of 3 labeled windows: neither proven to be better, nor within the margin" in found.sentence
    assert f"of {PROOF:g})" in found.sentence
    assert max(found.better or 0, found.within or 0, found.worse or 0) < PROOF


def test_a_proof_is_kept() -> None:
    """What was proven is not taken back by a later window, until the alias has moved."""
    first = after(SHADOW, week(0, -0.9), week(7, -0.9))
    again = judge(SHADOW, first.windows, week(14, 9.0), day(21))
    assert (again.state, again.windows) == ("proven", first.windows)


def test_it_waits_and_not_for_ever() -> None:
    """The reason is what it waits for; after four times the time of its windows it is declined."""
    found = judge(SHADOW, (), NONE, day(83))
    assert (found.state, found.reason, found.promotes, found.difference) == ("waiting", "waits: no labels", None, None)
    late = judge(SHADOW, (), NONE, day(84))
    assert (late.state, late.promotes) == ("unproven", False)
    assert "no more windows are waited for since 2026-03-26" in late.reason
    delayed = judge(SHADOW._replace(delay=WEEK), (), NONE, day(84))
    assert delayed.state == "waiting"
    few = judge(SHADOW, (), week(0, 0.0, rows=99), day(7))
    assert few.reason == "waits: 99 labeled rows, minimum 100"


def test_what_cannot_be_compared_ends() -> None:
    """Files, columns or classes; and every end that another reason names."""
    found = judge(SHADOW, (), Missing("unreadable", "it needs 'speed'"), day(7))
    assert (found.state, found.reason, found.promotes) == ("ended", "it needs 'speed'", False)
    over = end(SHADOW, (week(0, 0.0),), "version 4, which is newer, serves")
    assert (over.state, over.promotes, len(over.windows)) == ("ended", False, 1)


@pytest.mark.parametrize("other", [{"loss_name": "rmse"}, {"weight": "w"}])
def test_another_loss_begins_again(other: dict[str, Any]) -> None:
    """Losses that were measured otherwise are not added up; nor are those with another margin."""
    new = changed(week(7, 0.0), **other)
    assert judge(SHADOW, (week(0, 0.0),), new, day(14)).windows == (new,)
    assert judge(SHADOW._replace(margin=0.2), (week(0, 0.0),), NONE, day(14)).windows == ()


def test_no_retrain_before_the_verdict() -> None:
    """The veto names the version and how far it is."""
    (vote,) = veto(after(SHADOW, week(0, 0.0)))
    assert (vote.policy, vote.vote, vote.observed, vote.threshold) == (VETO, "veto", 1.0, 3.0)
    assert vote.reason == "version 3 is in shadow (1 of 3 labeled windows); no retrain before its verdict"
    assert veto(None) == ()
