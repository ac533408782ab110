"""Input and output of the policies: signals, history, votes and the decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from driftloop.monitoring.records.base import Finding, Moment, Outcome, Record, Window
from driftloop.monitoring.records.estimate import Estimate
from driftloop.monitoring.records.measures import ColumnScore, Performance, share_drifted
from driftloop.monitoring.records.metrics import MetricValue
from driftloop.monitoring.records.slices import SliceScore

Signal = Literal[
    "drift",
    "prediction_drift",
    "target_drift",
    "loss",
    "metrics",
    "slices",
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
"""Names of the inputs of policies, of the current check and of the past; a policy declares those that it reads.

`drift` are the scores of the features. `age` is the champion's age, in time and in windows, and the length of a window.
`calendar` is the date, not the elapsed time. `checks` are the past checks of this champion, their outcomes and the
rules that fired; their measurements belong to the signal of that name. `retrains` are answered requests.
"""

DRIFT: frozenset[Signal] = frozenset({"drift", "prediction_drift", "target_drift"})


class Probe(Record):
    """The losses of a small challenger and of the champion on the same newest labeled rows.

    Neither model was trained on these rows. `gap` is the current gain of a retrain per row: the champion's loss minus
    the probe's, minus the probe bias `handicap` (how much worse a probe is than a model of full size).
    """

    champion_loss: float
    probe_loss: float
    handicap: float = 0.0
    gap: float
    rows: int


class WindowAdvice(Record):
    """A training window whose fresh models lost significantly less in a backtest than those of the config's window.

    `span` is None for the whole history. `saved` is the mean difference of the losses at ages of 0 to 6 batches,
    `least` the lower end of its 95% CI; `percent` is `saved` in percent of the loss of the config's window.
    """

    span: timedelta | None
    saved: float
    least: float
    percent: float

    def sentence(self) -> str:
        """Return the window and its difference as text.

        >>> WindowAdvice(span=timedelta(days=728), saved=0.3, least=0.2, percent=14.5).sentence()
        'fresh models trained on 728d lost 14.5% less than on training.window'
        """
        name = "all rows" if self.span is None else f"{self.span / timedelta(days=1):g}d"
        return f"fresh models trained on {name} lost {self.percent:.1f}% less than on training.window"


class Learned(Record):
    """Results of a backtest of a model, for policies that compare the gain of a retrain with its cost.

    `batch_loss` is the mean loss of a fresh model on the first batch after its training: the unit of every cost.
    `age_gap[a]` is the mean gap to a fresh model at an age of `a` batches: 0 at age 0, never decreasing.
    `handicap` is the probe bias: the median of a probe's loss minus the full model's. `window` is a better training
    window, if one was significantly better.
    """

    batch_loss: float
    age_gap: tuple[float, ...] = (0.0,)
    handicap: float = 0.0
    batches: int = 0
    window: WindowAdvice | None = None


class Signals(Record):
    """The part of the current check that policies may read.

    `age_batches` is the champion's age in current windows: from its newest training row to the end of the window, so 1
    at the first check of a champion that learned from all rows; `held_batches` is the additional age of a challenger
    trained now, whose newest rows are held out for the gate.
    `probe` is set only if a trigger requested one.
    `importance` is the champion's feature importance, on any scale.
    `class_labels` are the labeled rows of each class of the champion, empty for numbers.
    `dated` is false in a replay without real dates: time passes there, but no rule about dates can judge. `trains` is
    false for a model that is trained elsewhere: no rule that needs a training can judge.
    """

    window: Window
    rows: int
    labelled_rows: int
    scores: tuple[ColumnScore, ...] = ()
    performance: Performance | None = None
    metrics: tuple[MetricValue, ...] = ()
    slices: tuple[SliceScore, ...] = ()
    estimated: Estimate | None = None
    champion: str | None = None
    champion_age: timedelta | None = None
    age_batches: float | None = None
    held_batches: float = 0.0
    probe: Probe | None = None
    learned: Learned | None = None
    findings: tuple[Finding, ...] = ()
    importance: dict[str, float] | None = None
    class_labels: dict[str, int] = Field(default_factory=dict)
    dated: bool = True
    trains: bool = True

    @property
    def lag_batches(self) -> float:
        """Return the distance of the newest labeled window to the current one, in current windows."""
        if self.performance is None:
            return 0.0
        return max(0.0, (self.window.end - self.performance.window.end) / self.window.length)

    @property
    def drift_share(self) -> float | None:
        """Return the share of drifted features; None if no feature was scored."""
        return share_drifted(self.scores)


class PastSwitch(Record):
    """A switch to an archived or recalibrated version, whose loss is lower by `lead`.

    `age_batches` is the age of its training at that check.
    """

    lead: float
    age_batches: float | None = None


class PastCheck(Record):
    """The part of a judged past check that policies read, stored next to the whole check in the ledger.

    `distance` is the mean score of its features; `gap` is that of its probe, if there was one. `switch` is set if it
    switched back to an archived version, or recalibrated the champion. `fired` are the rules that
    fired and that later checks count (see `k_of_n`).
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
    switch: PastSwitch | None = None
    fired: tuple[str, ...] = ()


class PastRetrain(Record):
    """One past retrain, promoted or not."""

    now: Moment
    promoted: bool


class History(Record):
    """The part of the past that policies may read, oldest first, from the ledger."""

    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()


VoteKind = Literal["fire", "hold", "not_applicable", "allow", "veto"]


class Vote(Record):
    """Answer of one policy: triggers vote fire, hold or not_applicable; guards allow or veto.

    `members` are the votes that a composition combined. `rule` is the policy with its parameters, if later checks count
    this vote.
    """

    policy: str
    vote: VoteKind
    reason: str
    observed: float | None = None
    threshold: float | None = None
    members: tuple[Vote, ...] = ()
    rule: str | None = None

    def fired_rules(self) -> tuple[str, ...]:
        """Return the rules that fired in this vote, at any depth."""
        rules = (self.rule,) if self.rule is not None and self.vote == "fire" else ()
        return rules + tuple(rule for member in self.members for rule in member.fired_rules())


class Decision(Record):
    """The decision of one check, with every vote."""

    action: Literal["retrain", "wait", "cannot_judge"]
    reason: str
    votes: tuple[Vote, ...]

    @property
    def held(self) -> bool:
        """Return whether a trigger fired and a guard vetoed."""
        return {"fire", "veto"} <= {vote.vote for vote in self.votes}
