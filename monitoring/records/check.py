"""The whole result of a check, and of its retrain if there was one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import computed_field, model_validator

from driftloop.monitoring.records.archive import ArchiveScores
from driftloop.monitoring.records.base import Finding, Moment, Outcome, Record, Window
from driftloop.monitoring.records.causes import Causes
from driftloop.monitoring.records.counting import Counting
from driftloop.monitoring.records.estimate import Estimate
from driftloop.monitoring.records.fairness import FairnessGap
from driftloop.monitoring.records.judgement import PastCheck, PastSwitch, Probe, Vote
from driftloop.monitoring.records.labels import LabelStatus
from driftloop.monitoring.records.measures import ColumnScore, DriftBasis, Moved, Performance, Standing
from driftloop.monitoring.records.metrics import CalibrationBin, Confusion, MetricValue
from driftloop.monitoring.records.promotion_watch import PromotionWatch
from driftloop.monitoring.records.shadow import Shadow
from driftloop.monitoring.records.slices import FoundSlice, SliceDrift, SliceScore
from driftloop.monitoring.records.table_version import TableVersion


class Retrain(Record):
    """How a retrain ended. `challenger_loss` is null only if no challenger could be trained; `code` is the reason.

    `recalibrates` is the version whose model was recalibrated, if that was all: nothing was trained then.
    """

    request_id: str
    code: str
    version: str | None
    promoted: bool
    champion_loss: float | None
    challenger_loss: float | None
    reason: str
    mlflow_run_id: str | None = None
    recalibrates: str | None = None


class CheckWindow(Window):
    """The window of a check and how many rows it had."""

    rows: int


class Check(Record):
    """The whole result of a check: what `driftloop check --json` prints. Keys are added freely and never renamed.

    `scored_by` is the champion as the table of predictions of a model elsewhere names it.
    `archive` has the losses of archived models on the labeled rows, if there are any.
    `watch` is the state of the watch over the newest promotion, while it lasts.
    `shadow` is the state of a challenger in shadow, until its verdict.
    `causes` is set where the loss rose significantly: why, and what to do.
    `labels` is set where they are in a table of their own, `newest_row` with `preflight.max_silence`.
    `counting` is set where the rows are a table of a database that can count them.
    `tables` has the versions of tables of Delta Lake and Iceberg that were read.
    `drift_basis` is what drift was measured against; null in old records. `moved` are the columns that
    moved most, if any drifted.
    `snapshot` is the file or page of its snapshot in Evidently's workspace, where there is one.
    `baseline` is set without a champion: the loss of the best constant of the training rows.
    `standing` is the champion's loss compared with its reference loss, regardless of the decision.
    """

    model: str
    check_id: str
    outcome: Outcome
    reason: str
    window: CheckWindow
    columns: tuple[ColumnScore, ...] = ()
    drift_share: float | None = None
    drift_basis: DriftBasis | None = None
    moved: Moved | None = None
    performance: Performance | None = None
    metrics: tuple[MetricValue, ...] = ()
    confusion: Confusion | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    slices: tuple[SliceScore, ...] = ()
    slice_drift: tuple[SliceDrift, ...] = ()
    discovered: tuple[FoundSlice, ...] = ()
    fairness: tuple[FairnessGap, ...] = ()
    baseline: Performance | None = None
    estimated: Estimate | None = None
    age_batches: float | None = None
    probe: Probe | None = None
    archive: ArchiveScores | None = None
    watch: PromotionWatch | None = None
    shadow: Shadow | None = None
    causes: Causes | None = None
    labels: LabelStatus | None = None
    newest_row: Moment | None = None
    counting: Counting | None = None
    tables: tuple[TableVersion, ...] = ()
    findings: tuple[Finding, ...] = ()
    votes: tuple[Vote, ...] = ()
    decision: Literal["retrain", "wait", "cannot_judge"] | None = None
    retrain: Retrain | None = None
    champion: str | None = None
    champion_after: str | None = None
    scored_by: str | None = None
    now: Moment
    dry_run: bool = False
    cached: bool = False
    report: str | None = None
    snapshot: str | None = None
    mlflow_run_id: str | None = None
    prefect_flow_run_id: str | None = None
    mlflow_url: str | None = None
    prefect_url: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _computed(cls, values: Any) -> Any:
        """Drop computed fields when a check is read back."""
        return {key: values[key] for key in values if key != "standing"} if isinstance(values, dict) else values

    @computed_field  # type: ignore[prop-decorator]
    @property
    def standing(self) -> Standing:
        """Return `well`, `worse` if significantly so, or `unknown` without labels or without a champion."""
        return self.performance.standing if self.performance else "unknown"

    @property
    def past(self) -> PastCheck:
        """Return the part of this check that the policies of later checks read."""
        measured, features = self.performance, [score.score for score in self.columns if score.role == "feature"]
        return PastCheck(
            now=self.now,
            outcome=self.outcome,
            champion=self.champion,
            age_batches=self.age_batches,
            rows=self.window.rows,
            labelled_rows=measured.rows if measured else 0,
            drift_share=self.drift_share,
            distance=sum(features) / len(features) if features else None,
            loss=measured.loss if measured else None,
            loss_low=measured.low if measured else None,
            gap=self.probe.gap if self.probe else None,
            switch=self._switch(),
            fired=tuple(rule for vote in self.votes for rule in vote.fired_rules()),
        )

    def _switch(self) -> PastSwitch | None:
        """Return the gain of the version that serves from this check on without a training; its age is in batches."""
        lead, done = self.archive.lead if self.archive else None, self.retrain
        before, after = (done.champion_loss, done.challenger_loss) if done else (None, None)
        if self.outcome is Outcome.SWITCHED_BACK and lead is not None:
            return PastSwitch(lead=lead.difference, age_batches=lead.age_batches)
        if self.outcome is Outcome.ROLLED_BACK and self.watch is not None and self.watch.difference is not None:
            back = [one for one in (self.archive.leads if self.archive else ()) if one.version == self.champion_after]
            return PastSwitch(lead=self.watch.difference, age_batches=back[0].age_batches if back else None)
        if self.outcome is Outcome.RECALIBRATED and before is not None and after is not None:
            return PastSwitch(lead=before - after, age_batches=self.age_batches)
        return None
