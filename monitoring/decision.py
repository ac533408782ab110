"""From votes to a decision, and from a decision to what a check does: triggers propose, guards veto. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from driftloop.monitoring.errors import listed
from driftloop.monitoring.policies import POLICIES, Policy, Trigger
from driftloop.monitoring.policies.tenure import reign, tenure
from driftloop.monitoring.records import Decision, FindingCode, History, Signal, Signals, Vote, changed

CHAMPION_OUTGROWN = FindingCode(
    name="champion_outgrown",
    severities=("error",),
    meaning="the champion was trained with a feature that config and source no longer have in that form; it is "
    "scored without that feature, and the check requests a retrain",
    cause="a feature was removed, renamed, or changed its kind in config and source",
    remedy="none if the change is intended: a promoted retrain ends it; otherwise restore the feature",
)
OUTGROWN = CHAMPION_OUTGROWN.name
# Number of checks without a new request after the challenger of an outgrown champion was rejected.
REPEAT_AFTER = 4
Step = Literal["roll_back", "end_shadow", "retrain", "recalibrate", "switch"]


def decide(
    triggers: Iterable[Trigger],
    guards: Iterable[Policy],
    signals: Signals,
    history: History,
    now: datetime,
    *,
    vetoes: tuple[Vote, ...] = (),
) -> Decision:
    """Combine the votes of all policies: one trigger that fires proposes a retrain, one guard that vetoes stops it.

    `vetoes` are those of the watch over a promotion. A champion with features that the config no longer has also
    fires, unless no trigger reads anything (`never`).
    """
    triggers = tuple(triggers)
    proposals = tuple(policy.cast(signals, history, now) for policy in triggers)
    if any(policy.reads for policy in triggers):
        proposals += _outgrown(signals, history)
    permissions = tuple(policy.judge(signals, history, now) for policy in guards) + vetoes
    votes = proposals + permissions
    fired = [vote for vote in proposals if vote.vote == "fire"]
    vetoed = [vote for vote in permissions if vote.vote == "veto"]
    if all(vote.vote == "not_applicable" for vote in proposals):
        return Decision(action="cannot_judge", reason=f"cannot judge: {_reasons(proposals)}", votes=votes)
    if not fired:
        return Decision(action="wait", reason=f"wait: {_reasons(proposals)}", votes=votes)
    if vetoed:
        return Decision(action="wait", reason=f"held: {_reasons(fired)}; but {_reasons(vetoed)}", votes=votes)
    return Decision(action="retrain", reason=f"retrain: {_reasons(fired)}", votes=votes)


def next_step(
    action: str | None, *, recalibrates: bool, leads: bool, proven_worse: bool = False, shadow_ends: bool = False
) -> Step | None:
    """Return what a check does about its champion, at most one step; None if the champion stays.

    A promotion that is `proven_worse` is taken back first, then a challenger in shadow gets its verdict. A retrain that
    is due comes before a recalibration that the causes of a rise recommend (`recalibrates`) and before a switch to an
    archived version that `leads`: neither may postpone it. Where recalibrations have a price, one is tried first within
    the step `retrain`. Causes recommend a recalibration only if it gains more than a switch.

    >>> next_step("retrain", recalibrates=True, leads=True), next_step("wait", recalibrates=False, leads=True)
    ('retrain', 'switch')
    """
    if proven_worse:
        return "roll_back"
    if shadow_ends:
        return "end_shadow"
    if action == "retrain":
        return "retrain"
    if recalibrates:
        return "recalibrate"
    return "switch" if leads else None


def fired_on(votes: Iterable[Vote], signals: frozenset[Signal]) -> bool:
    """Return whether a policy that reads one of these signals fired, alone or in a composition that fired.

    A member that fired in a composition that holds does not count.
    """
    return any(
        fired_on(vote.members, signals) if vote.members else bool(_declared(vote) & signals)
        for vote in votes
        if vote.vote == "fire"
    )


def limit_on(votes: Iterable[Vote], number: str) -> float | None:
    """Return the first limit that a policy, at any depth, sets for a number of the check; None without one."""
    names = {name for name, policy in POLICIES.items() if policy.observes == number}
    limits = (vote.threshold for vote in _leaves(votes) if vote.policy in names)
    return next((limit for limit in limits if limit is not None), None)


def _leaves(votes: Iterable[Vote]) -> Iterator[Vote]:
    for vote in votes:
        yield from _leaves(vote.members) if vote.members else (vote,)


def _declared(vote: Vote) -> frozenset[Signal]:
    """Return the signals that the policy of a vote reads; none for a policy that no longer exists."""
    return POLICIES[vote.policy].declares if vote.policy in POLICIES else frozenset()


def _outgrown(signals: Signals, history: History) -> tuple[Vote, ...]:
    """Request a model with the features of the config; after an answer, again only after some checks.

    Until a user or the rows change something, the same request would get the same answer.
    """
    features = sorted({finding.column for finding in signals.findings if finding.code == OUTGROWN and finding.column})
    if not features:
        return ()
    reason = f"the champion was trained with {listed(features)}, missing or changed in the config or the source"
    vote = Vote(
        policy=OUTGROWN,
        vote="fire",
        reason=reason,
        observed=float(len(features)),
        threshold=1.0,
        rule=f"{OUTGROWN}({', '.join(features)})",
    )
    request = next((check.now for check in reign(signals, history) if vote.rule in check.fired), None)
    answer = max((retrain.now for retrain in history.retrains), default=None)
    count = len(tenure(signals, history)) + 1
    if request is None or answer is None or answer < request or count > REPEAT_AFTER:
        return (vote,)
    pause = f"the last challenger was not promoted; the next request follows after {REPEAT_AFTER} checks"
    return (changed(vote, vote="hold", reason=f"{reason}; {pause} (this is check {count})"),)


def _reasons(votes: Iterable[Vote]) -> str:
    """Return the reasons with their policies, without the verdict that some reasons begin with."""
    return "; ".join(
        f"{vote.reason.removeprefix('retrain: ').removeprefix('wait: ')} [{vote.policy}]" for vote in votes
    )
