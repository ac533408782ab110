"""From votes to a decision: triggers propose, guards veto. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitoring.errors import listed
from monitoring.policies import Policy
from monitoring.records import Decision, History, Signals, Vote

# The code of a finding: the config has moved on from a feature that the champion can no longer be scored with.
OUTGROWN = "champion_outgrown"


def decide(
    triggers: Iterable[Policy], guards: Iterable[Policy], signals: Signals, history: History, now: datetime
) -> Decision:
    """Ask every policy and sum up: one trigger that fires is enough, and so is one guard that vetoes.

    A champion that the config has moved on from is a trigger of its own, unless the only trigger is `never`.
    """
    triggers = tuple(triggers)
    asked = tuple(policy.judge(signals, history, now) for policy in triggers)
    if any(policy.policy != "never" for policy in triggers):
        asked += _outgrown(signals)
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


def _outgrown(signals: Signals) -> tuple[Vote, ...]:
    gone = sorted({finding.column for finding in signals.findings if finding.code == OUTGROWN and finding.column})
    if not gone:
        return ()
    said = f"the champion was trained with {listed(gone)}, which config and source no longer have as it knows it"
    return (Vote(policy=OUTGROWN, vote="fire", reason=said, observed=float(len(gone)), threshold=1.0),)


def _said(votes: Iterable[Vote]) -> str:
    """The reasons with who gave them; a vote that begins with the verdict does not say it twice."""
    return "; ".join(
        f"{vote.reason.removeprefix('retrain: ').removeprefix('wait: ')} [{vote.policy}]" for vote in votes
    )
