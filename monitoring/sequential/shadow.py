"""Judgement of a challenger in shadow: three sequential tests on the same paired differences. Pure.

Each is the e-process of `monitoring.sequential.evidence`, which may be read after every window, on

- champion minus challenger: the challenger is *better*;
- champion plus margin minus challenger: it is *not worse by more than the margin* (a test of non-inferiority, see
  Wellek 2010, "Testing Statistical Hypotheses of Equivalence and Noninferiority", chapter 3). The margin is a constant
  in units of the loss, fixed before the rows exist, so it moves the mean and not the waves;
- challenger minus champion: it is *worse*.

By Ville's inequality a challenger that is worse by more than the margin is promoted, and one that is not worse is
declined as worse, with a probability of at most 1 / `PROOF` each, over any number of windows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from driftloop.monitoring.records import Shadow, ShadowState, ShadowWindow, Vote
from driftloop.monitoring.sequential.counting import Missing, added
from driftloop.monitoring.sequential.evidence import PROOF, Step, evidence, mean_difference, proven

# Name of the veto in the votes of a check.
VETO = "shadow"
# A shadow ends after this many times the time of its windows, however few of them had enough labeled rows.
LONGEST = 4


class InShadow(NamedTuple):
    """A challenger in shadow: the version, the champion, the time of its request, and how it is compared.

    `most` labeled windows of the span `length`, labels that arrive `delay` later, the `margin` in units of the loss.
    """

    version: str
    champion: str
    since: datetime
    most: int
    length: timedelta
    delay: timedelta
    margin: float

    @property
    def ends(self) -> datetime:
        """Return the time from which on no more windows are waited for."""
        return self.since + self.delay + LONGEST * self.most * self.length


def judge(shadow: InShadow, before: Iterable[ShadowWindow], new: ShadowWindow | Missing, now: datetime) -> Shadow:
    """Return the state of the challenger with the window of this check, or with the reason why it has none.

    `before` are the windows that have counted, oldest first. With another loss, other weights of rows or another margin
    the comparison begins again. What is proven stays proven: no later window counts. If both a loss within the margin
    and a higher loss are proven, the challenger is declined.
    """
    windows = tuple(one for one in before if one.margin == shadow.margin)
    missing = new if isinstance(new, Missing) else None
    if isinstance(new, ShadowWindow):
        windows = tuple(one for one in windows if one.measured_by == new.measured_by)
    if not _verdict(shadow, windows) and isinstance(new, ShadowWindow):
        windows, missing = added(windows, new, shadow.length)
    if (verdict := _verdict(shadow, windows)) is not None:
        return _state(shadow, windows, *verdict)
    if missing is not None and missing.state == "unreadable":
        return _state(shadow, windows, "ended", missing.reason)
    neither = f"neither proven to be better, nor within the margin, nor worse than version {shadow.champion}"
    if len(windows) >= shadow.most:
        return _state(shadow, windows, "unproven", neither)
    if now >= shadow.ends:
        reason = f"{neither}; no more windows are waited for since {shadow.ends:%Y-%m-%d %H:%M}"
        return _state(shadow, windows, "unproven", reason)
    if missing is not None:
        return _state(shadow, windows, "waiting", f"waits: {missing.reason}")
    return _state(shadow, windows, "comparing", neither)


def end(shadow: InShadow, before: Iterable[ShadowWindow], reason: str) -> Shadow:
    """Return the state of a challenger that is declined for a reason other than its losses."""
    return _state(shadow, tuple(before), "ended", reason)


def veto(shadow: Shadow | None) -> tuple[Vote, ...]:
    """Return the veto against a retrain in a check with a challenger in shadow; none without one."""
    if shadow is None:
        return ()
    counted, most = len(shadow.windows), shadow.most
    ends = "no retrain before its verdict" if shadow.promotes is None else "no retrain in the check of its verdict"
    reason = f"version {shadow.version} is in shadow ({counted} of {most} labeled windows); {ends}"
    return (Vote(policy=VETO, vote="veto", reason=reason, observed=float(counted), threshold=float(most)),)


def _verdict(shadow: InShadow, windows: tuple[ShadowWindow, ...]) -> tuple[ShadowState, str] | None:
    champion = f"version {shadow.champion}"
    if proven(_steps(windows, "worse")):
        return "proven_worse", f"proven worse than {champion}"
    if proven(_steps(windows, "better")):
        return "proven", f"proven to be better than {champion}"
    if shadow.margin and proven(_steps(windows, "within")):
        return "proven", f"proven not worse than {champion} by more than the margin of {shadow.margin:.3g}"
    return None


def _steps(windows: Iterable[ShadowWindow], question: str) -> list[Step]:
    """Return the windows as steps of one test; its difference is above 0 where the answer is yes."""
    return [
        {
            "better": Step(-one.difference, one.error, one.degrees, one.better),
            "within": Step(one.margin - one.difference, one.error, one.degrees, one.within),
            "worse": Step(one.difference, one.error, one.degrees, one.worse),
        }[question]
        for one in windows
    ]


def _state(shadow: InShadow, windows: tuple[ShadowWindow, ...], state: ShadowState, reason: str) -> Shadow:
    found = {question: evidence(_steps(windows, question)) for question in ("better", "within", "worse") if windows}
    return Shadow(
        version=shadow.version,
        champion=shadow.champion,
        since=shadow.since,
        state=state,
        windows=windows,
        most=shadow.most,
        margin=shadow.margin,
        difference=mean_difference(_steps(windows, "worse")) if windows else None,
        proof=PROOF,
        reason=reason,
        **found,
    )
