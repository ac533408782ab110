"""From votes to a decision: triggers propose, guards veto. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from driftloop.monitoring.errors import listed
from driftloop.monitoring.policies import KINDS, Policy
from driftloop.monitoring.policies.tenure import reign, tenure
from driftloop.monitoring.records import Decision, FindingCode, History, Signal, Signals, Vote, changed

CHAMPION_OUTGROWN = FindingCode(
    name="champion_outgrown",
    severities=("error",),
    meaning="the champion was trained with a feature that config and source no longer have as it knows it; it is "
    "scored without that feature, and the check asks for a retrain",
    cause="a feature was removed, renamed, or changed its kind in config and source",
    remedy="nothing if that was intended: a promoted retrain ends it; otherwise bring the feature back",
)
OUTGROWN = CHAMPION_OUTGROWN.name
# An outgrown champion whose challenger was rejected is left in peace for so many checks.
ASK_AGAIN = 4


def decide(
    triggers: Iterable[Policy], guards: Iterable[Policy], signals: Signals, history: History, now: datetime
) -> Decision:
    """Ask every policy and sum up: one trigger that fires is enough, and so is one guard that vetoes.

    A champion that the config has moved on from is a trigger of its own, unless no trigger looks at anything (`never`).
    """
    triggers = tuple(triggers)
    asked = tuple(policy.judge(signals, history, now) for policy in triggers)
    if any(policy.reads for policy in triggers):
        asked += _outgrown(signals, history)
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


def fired_on(votes: Iterable[Vote], wanted: frozenset[Signal]) -> bool:
    """Return whether a policy fired that reads one of these signals, by itself or as what made a composition fire.

    A member that fired in a composition that holds does not count: what the composition waits for has not come.
    """
    return any(
        fired_on(vote.members, wanted) if vote.members else bool(_declared(vote) & wanted)
        for vote in votes
        if vote.vote == "fire"
    )


def limit_on(votes: Iterable[Vote], number: str) -> float | None:
    """Return the limit that a policy, at any depth, has for a number of the check; None where none has one."""
    named = {name for name, kind in KINDS.items() if kind.observes == number}
    limits = (vote.threshold for vote in _leaves(votes) if vote.policy in named)
    return next((limit for limit in limits if limit is not None), None)


def _leaves(votes: Iterable[Vote]) -> Iterator[Vote]:
    for vote in votes:
        yield from _leaves(vote.members) if vote.members else (vote,)


def _declared(vote: Vote) -> frozenset[Signal]:
    """What the policy of a vote reads; nothing where there is no such policy (any more)."""
    return KINDS[vote.policy].declares if vote.policy in KINDS else frozenset()


def _outgrown(signals: Signals, history: History) -> tuple[Vote, ...]:
    """Ask for a model with the features of the config; once that was answered, again only after some more checks.

    Until a person or the rows change something, the same request would get the same answer.
    """
    gone = sorted({finding.column for finding in signals.findings if finding.code == OUTGROWN and finding.column})
    if not gone:
        return ()
    said = f"the champion was trained with {listed(gone)}, which config and source no longer have as it knows it"
    vote = Vote(
        policy=OUTGROWN,
        vote="fire",
        reason=said,
        observed=float(len(gone)),
        threshold=1.0,
        rule=f"{OUTGROWN}({', '.join(gone)})",
    )
    asked = next((check.now for check in reign(signals, history) if vote.rule in check.fired), None)
    answered = max((retrain.now for retrain in history.retrains), default=None)
    since = len(tenure(signals, history)) + 1
    if asked is None or answered is None or answered < asked or since > ASK_AGAIN:
        return (vote,)
    waits = f"its last challenger did not take over, {ASK_AGAIN} checks pass before it is asked for again"
    return (changed(vote, vote="hold", reason=f"{said}; {waits} (this is number {since})"),)


def _said(votes: Iterable[Vote]) -> str:
    """The reasons with who gave them; a vote that begins with the verdict does not say it twice."""
    return "; ".join(
        f"{vote.reason.removeprefix('retrain: ').removeprefix('wait: ')} [{vote.policy}]" for vote in votes
    )
