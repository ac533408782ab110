"""From votes to a decision: triggers propose, guards veto. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitoring.policies import Policy
from monitoring.records import Decision, History, Signals, Vote


def decide(
    triggers: Iterable[Policy], guards: Iterable[Policy], signals: Signals, history: History, now: datetime
) -> Decision:
    """Ask every policy and sum up: one trigger that fires is enough, and so is one guard that vetoes."""
    asked = tuple(policy.judge(signals, history, now) for policy in triggers)
    guarded = tuple(policy.judge(signals, history, now) for policy in guards)
    votes = asked + guarded
    fired = [vote for vote in asked if vote.vote == "fire"]
    vetoed = [vote for vote in guarded if vote.vote == "veto"]
    if all(vote.vote == "not_applicable" for vote in asked):
        return Decision(action="cannot_judge", reason=f"cannot judge: {_said(asked)}", votes=votes)
    if not fired:
        return Decision(action="wait", reason=f"wait: {_said(asked)}", votes=votes)
    if vetoed:
        return Decision(action="wait", reason=f"held: {_said(fired)}; but {_said(vetoed)}", votes=votes)
    return Decision(action="retrain", reason=f"retrain: {_said(fired)}", votes=votes)


def _said(votes: Iterable[Vote]) -> str:
    """The reasons with who gave them; a vote that begins with the verdict does not say it twice."""
    return "; ".join(
        f"{vote.reason.removeprefix('retrain: ').removeprefix('wait: ')} [{vote.policy}]" for vote in votes
    )
