"""What policies look at, of the present and of the past, and what they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from driftloop.monitoring.records.base import Finding, Moment, Outcome, Record, Window
from driftloop.monitoring.records.estimate import Estimate
from driftloop.monitoring.records.measures import ColumnScore, Performance, share_drifted

Signal = Literal[
    "drift",
    "prediction_drift",
    "target_drift",
    "loss",
    "estimate",
    "probe",
    "age",
    "rows",
    "labels",
    "findings",
    "importance",
    "learned",
    "calendar",
    "checks",
    "retrains",
]
"""What a policy may look at, of the present check and of the past: the names by which it declares what it reads.

`drift` are the scores of the features. `age` is the champion's, in time and in windows, and the length of a window.
`calendar` is which date it is, not how much time has passed. `checks` are the past checks under this champion, how they
ended and which rules fired; what they measured belongs to the signal of that name. `retrains` are answered requests.
"""

DRIFT: frozenset[Signal] = frozenset({"drift", "prediction_drift", "target_drift"})


class Probe(Record):
    """What a small challenger measured: its loss and the champion's on the same newest labelled rows.

    Neither model was trained on those rows. `gap` is what a retrain would win per row by now: the champion's loss minus
    the probe's, after the probe's handicap (how much worse it is than a model of full size) was taken off.
    """

    champion_loss: float
    probe_loss: float
    handicap: float = 0.0
    gap: float
    rows: int


class Learned(Record):
    """What a backtest found out about a model, for policies that weigh a retrain against its cost.

    `batch_loss` is the mean loss of a fresh model, on the first batch after its training: the unit of every cost.
    `age_gap[a]` is the mean gap to a fresh model when it is `a` batches older than one: zero at age 0, never falling.
    `handicap` is the median of a probe's loss minus the full model's.
    """

    batch_loss: float
    age_gap: tuple[float, ...] = (0.0,)
    handicap: float = 0.0
    batches: int = 0


class Signals(Record):
    """All that a policy may look at of the present check.

    `age_batches` is the champion's age in current windows: from its newest training row to the end of the window, so 1
    when a champion that learned from all rows is checked for the first time; `held_batches` is by how much a challenger
    made now would be older than that, its newest rows being held out for the gate.
    `probe` is there only where a trigger asked for one.
    `importance` is the champion's own, by feature, on any scale.
    `dated` is false in a replay whose dates are made up: time passes there, but no rule about dates can judge.
    """

    window: Window
    rows: int
    labelled_rows: int
    scores: tuple[ColumnScore, ...] = ()
    performance: Performance | None = None
    estimated: Estimate | None = None
    champion: str | None = None
    champion_age: timedelta | None = None
    age_batches: float | None = None
    held_batches: float = 0.0
    probe: Probe | None = None
    learned: Learned | None = None
    findings: tuple[Finding, ...] = ()
    importance: dict[str, float] | None = None
    dated: bool = True

    @property
    def lag_batches(self) -> float:
        """How far the newest labelled window lies behind the current one, in current windows."""
        if self.performance is None:
            return 0.0
        return max(0.0, (self.window.end - self.performance.window.end) / self.window.length)

    @property
    def drift_share(self) -> float | None:
        """Share of the features that drifted; None when no feature could be judged."""
        return share_drifted(self.scores)


class PastCheck(Record):
    """One judged check of the past, cut down to what policies look at. Stored beside the whole in the ledger.

    `distance` is the mean score of its features; `gap` what its probe measured, if there was one. `fired` are the rules
    that fired then and are counted by a later check (see `k_of_n`).
    """

    now: Moment
    outcome: Outcome
    champion: str | None = None
    age_batches: float | None = None
    rows: int = 0
    labelled_rows: int = 0
    drift_share: float | None = None
    distance: float | None = None
    loss: float | None = None
    loss_low: float | None = None
    gap: float | None = None
    fired: tuple[str, ...] = ()


class PastRetrain(Record):
    """One retrain of the past, whatever its end."""

    now: Moment
    promoted: bool


class History(Record):
    """All that a policy may look at of the past, oldest first. Read from the ledger."""

    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()


VoteKind = Literal["fire", "hold", "not_applicable", "allow", "veto"]


class Vote(Record):
    """Answer of one policy: triggers vote fire, hold or not_applicable; guards allow or veto.

    `members` are the votes that a composition summed up. `rule` is the policy with its parameters, where a later check
    counts this vote.
    """

    policy: str
    vote: VoteKind
    reason: str
    observed: float | None = None
    threshold: float | None = None
    members: tuple[Vote, ...] = ()
    rule: str | None = None

    def fired_rules(self) -> tuple[str, ...]:
        """The rules that fired in this vote, at any depth."""
        own = (self.rule,) if self.rule is not None and self.vote == "fire" else ()
        return own + tuple(rule for member in self.members for rule in member.fired_rules())


class Decision(Record):
    """The judgement over one check, with every vote."""

    action: Literal["retrain", "wait", "cannot_judge"]
    reason: str
    votes: tuple[Vote, ...]

    @property
    def held(self) -> bool:
        """A trigger fired and a guard vetoed."""
        said = {vote.vote for vote in self.votes}
        return {"fire", "veto"} <= said
