"""What is passed on between the steps: frozen records, readable as JSON. No behaviour beyond reading oneself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator


def utc(moment: datetime) -> datetime:
    """Put a moment into UTC; a time without a zone is read as UTC.

    >>> utc(datetime(2026, 1, 1)).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(utc), PlainSerializer(lambda m: m.isoformat(), when_used="json")]

Loss = Annotated[float, BeforeValidator(lambda value: float("inf") if value is None else value)]
"""A loss may be larger than any float. JSON has no word for that and says null; so it is read back."""


class Record(BaseModel):
    """A frozen, closed bundle of values; NaN and infinities become null in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Window(Record):
    """A half-open span of time `[start, end)`, UTC.

    >>> week = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    >>> str(week), week.end in week
    ('2026-01-01 .. 2026-01-08', False)
    """

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"a window must start before it ends, found {self.start} .. {self.end}")
        return self

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def earlier(self, by: timedelta) -> Window:
        """The same span, moved back in time."""
        return Window(start=self.start - by, end=self.end - by)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= utc(moment) < self.end

    def __str__(self) -> str:
        both = (self.start, self.end)
        if any(moment.second or moment.microsecond for moment in both):
            return " .. ".join(moment.replace(tzinfo=None).isoformat(" ") for moment in both)
        shape = "%Y-%m-%d %H:%M" if any(moment.hour or moment.minute for moment in both) else "%Y-%m-%d"
        return " .. ".join(moment.strftime(shape) for moment in both)


class Outcome(StrEnum):
    """How a check ended. The first four are early exits, `failed` is an error on our side; the rest are judged."""

    NO_DATA = "no_data"
    TOO_FEW_ROWS = "too_few_rows"
    ALREADY_CHECKED = "already_checked"
    BAD_DATA = "bad_data"
    STEADY = "steady"
    HELD = "held"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    BOOTSTRAPPED = "bootstrapped"
    FAILED = "failed"

    @property
    def judged(self) -> bool:
        """Whether the window counts as checked: seen, measured and decided upon."""
        return self in {Outcome.STEADY, Outcome.HELD, Outcome.PROMOTED, Outcome.REJECTED, Outcome.BOOTSTRAPPED}


Severity = Literal["info", "warning", "error", "fatal"]
Kind = Literal["numeric", "categorical"]
Role = Literal["feature", "prediction", "target"]


class Finding(Record):
    """One thing that preflight noticed.

    `warning` is told, `error` puts the column aside and the rest is judged, `fatal` would poison a training: the
    check ends as `bad_data`.
    """

    code: str
    severity: Severity
    message: str
    column: str | None = None
    observed: float | None = None
    limit: float | None = None


class ColumnReference(Record):
    """What is remembered of one column of the reference, and how it will be judged, fixed once.

    `levels` are the most frequent first. `low` and `high` are the extremes, `fence_low` and `fence_high` the bounds
    that values are clipped to before scoring, so that one outlier cannot hide a shift. For `direction` "higher" a
    score at or above the threshold is drift; for "lower" (p-values) a score below it.
    """

    name: str
    role: Role
    kind: Kind
    null_share: float
    distinct: int
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    fence_low: float | None = None
    fence_high: float | None = None
    method: str
    threshold: float
    direction: Literal["higher", "lower"]

    def drifted(self, score: float) -> bool:
        return score >= self.threshold if self.direction == "higher" else score < self.threshold


class Reference(Record):
    """What a champion remembers of the rows it was made from. Stored as an artifact of its version.

    `loss` is the champion's mean loss on rows it was not trained on, never its training loss. `source_types` are all
    columns of the source with the types that its engine gave them.
    """

    window: Window
    rows: int
    columns: tuple[ColumnReference, ...]
    source_types: dict[str, str]
    loss_name: str
    loss: float
    loss_rows: int

    def column(self, name: str) -> ColumnReference | None:
        return next((column for column in self.columns if column.name == name), None)

    def of_role(self, *roles: Role) -> tuple[ColumnReference, ...]:
        return tuple(column for column in self.columns if column.role in roles)


class ColumnScore(Record):
    """How far one column of the current rows is from the reference."""

    name: str
    role: Role
    kind: Kind
    method: str
    score: float
    threshold: float
    drifted: bool


class Performance(Record):
    """The champion's mean loss on labelled rows, with a 95 % interval, beside its loss on the reference."""

    loss_name: str
    loss: Loss
    low: float
    high: Loss
    rows: int
    window: Window
    reference_loss: Loss

    @property
    def rise(self) -> float:
        """Relative rise of the loss over the reference: 0.1 is ten per cent worse."""
        if self.reference_loss > 0:
            return self.loss / self.reference_loss - 1.0
        return 0.0 if self.loss <= self.reference_loss else float("inf")


class Signals(Record):
    """All that a policy may look at of the present check."""

    window: Window
    rows: int
    labelled_rows: int
    scores: tuple[ColumnScore, ...] = ()
    performance: Performance | None = None
    champion_age: timedelta | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def drift_share(self) -> float | None:
        """Share of the features that drifted; None when no feature could be judged."""
        features = [score for score in self.scores if score.role == "feature"]
        return sum(score.drifted for score in features) / len(features) if features else None


class PastCheck(Record):
    """One judged check of the past."""

    now: Moment
    outcome: Outcome
    drift_share: float | None = None
    loss: float | None = None


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
    """What one policy says: triggers vote fire, hold or not_applicable; guards allow or veto."""

    policy: str
    vote: VoteKind
    reason: str
    observed: float | None = None
    threshold: float | None = None


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


class Retrain(Record):
    """How a retrain ended. `challenger_loss` is null only if no challenger could be trained; `code` says why not."""

    request_id: str
    code: str
    version: str | None
    promoted: bool
    champion_loss: float | None
    challenger_loss: float | None
    reason: str
    mlflow_run_id: str | None = None


class CheckWindow(Window):
    """The window of a check and how many rows it had."""

    rows: int


class Check(Record):
    """The whole result of a check: what `driftloop check --json` prints. Keys are added freely and never renamed."""

    model: str
    check_id: str
    outcome: Outcome
    reason: str
    window: CheckWindow
    columns: tuple[ColumnScore, ...] = ()
    drift_share: float | None = None
    performance: Performance | None = None
    findings: tuple[Finding, ...] = ()
    votes: tuple[Vote, ...] = ()
    decision: Literal["retrain", "wait", "cannot_judge"] | None = None
    retrain: Retrain | None = None
    champion: str | None = None
    champion_after: str | None = None
    now: Moment
    dry_run: bool = False
    cached: bool = False
    report: str | None = None
    mlflow_run_id: str | None = None
    prefect_flow_run_id: str | None = None
