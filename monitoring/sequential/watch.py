"""Judgement of the watch over a promotion, and the pause after one that was taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from driftloop.monitoring.records import History, Outcome, PromotionWatch, Vote, WatchedWindow, WatchState, changed
from driftloop.monitoring.sequential.counting import Missing, added
from driftloop.monitoring.sequential.evidence import PROOF, Step, evidence, mean_difference, proven

OVER: frozenset[WatchState] = frozenset({"passed", "ended"})
# Names of the vetoes in the votes of a check.
WORSE, PAUSE = "promotion_watch", "after_rollback"


class Promoted(NamedTuple):
    """A watched promotion: the version, the one before it, its time, the labeled windows to watch, and their length."""

    version: str
    previous: str
    since: datetime
    most: int
    length: timedelta


def judge(promoted: Promoted, before: Iterable[WatchedWindow], new: WatchedWindow | Missing) -> PromotionWatch:
    """Return the state of the watch with the window of this check, or with the reason why it has none.

    `before` are the windows that have counted, oldest first. A window that is judged again replaces its earlier losses,
    because its labels were corrected. No row counts twice: a window that overlaps an earlier one does not count. With
    another loss, or other weights of rows, the watch begins again.
    """
    windows, missing = tuple(before), new if isinstance(new, Missing) else None
    if isinstance(new, WatchedWindow):
        windows = tuple(one for one in windows if (one.loss_name, one.weight) == (new.loss_name, new.weight))
    if proven(_steps(windows)):
        return _state(promoted, windows, "proven_worse", f"proven worse than version {promoted.previous}")
    if isinstance(new, WatchedWindow):
        windows, missing = added(windows, new, promoted.length)
    if proven(_steps(windows)):
        return _state(promoted, windows, "proven_worse", f"proven worse than version {promoted.previous}")
    not_proven = f"not proven worse than version {promoted.previous}"
    if len(windows) >= promoted.most:
        return _state(promoted, windows, "passed", f"{not_proven}; the watch has ended")
    if missing is not None:
        return _state(promoted, windows, *missing)
    return _state(promoted, windows, "watching", not_proven)


def end_early(watch: PromotionWatch | None, reason: str) -> PromotionWatch | None:
    """Return a watch that ends before its last window; one that is over already stays as it is."""
    if watch is None or watch.state in OVER:
        return watch
    return changed(watch, state="ended", reason=f"the watch has ended: {reason}")


def veto(watch: PromotionWatch | None) -> tuple[Vote, ...]:
    """Return the veto against a retrain in a check that takes a promotion back; none otherwise."""
    if watch is None or watch.state != "proven_worse":
        return ()
    reason = f"version {watch.version} is proven worse than version {watch.previous}"
    return (Vote(policy=WORSE, vote="veto", reason=reason, observed=watch.evidence, threshold=watch.proof),)


def pause(history: History, now: datetime, length: timedelta, windows: int) -> tuple[Vote, ...]:
    """Return the veto against a retrain for a number of windows after a promotion was taken back; none otherwise.

    A retrain on nearly the same rows would get nearly the same model. `length` is that of a window.
    """
    moments = [check.now for check in history.checks if check.outcome is Outcome.ROLLED_BACK]
    if not moments or now - moments[-1] >= windows * length:
        return ()
    past = (now - moments[-1]) / length
    reason = f"a promotion was taken back {past:.1f} windows ago; no retrain before {windows} windows have passed"
    return (Vote(policy=PAUSE, vote="veto", reason=reason, observed=past, threshold=float(windows)),)


def _steps(windows: Iterable[WatchedWindow]) -> list[Step]:
    return [Step(one.difference, one.error, one.degrees, one.bets) for one in windows]


def _state(promoted: Promoted, windows: tuple[WatchedWindow, ...], state: WatchState, reason: str) -> PromotionWatch:
    steps = _steps(windows)
    return PromotionWatch(
        version=promoted.version,
        previous=promoted.previous,
        since=promoted.since,
        state=state,
        windows=windows,
        most=promoted.most,
        difference=mean_difference(steps) if steps else None,
        evidence=evidence(steps) if steps else None,
        proof=PROOF,
        reason=reason,
    )
