"""Records that the steps exchange: frozen, readable as JSON, without logic beyond their own fields."""

from driftloop.monitoring.records.archive import ArchiveLead, ArchiveScore, ArchiveScores
from driftloop.monitoring.records.base import Finding, Kind, Loss, Moment, Outcome, Record, Role, Severity, Window, utc
from driftloop.monitoring.records.changing import changed
from driftloop.monitoring.records.check import Check, CheckWindow, Retrain
from driftloop.monitoring.records.estimate import Estimate, SelfTest
from driftloop.monitoring.records.fairness import FairnessGap, GroupRate, fairness_summary
from driftloop.monitoring.records.figures import figure
from driftloop.monitoring.records.finding_codes import FindingCode
from driftloop.monitoring.records.judgement import (
    DRIFT,
    Decision,
    History,
    Learned,
    PastCheck,
    PastRetrain,
    PastSwitch,
    Probe,
    Signal,
    Signals,
    Vote,
    VoteKind,
)
from driftloop.monitoring.records.labels import LabelStatus
from driftloop.monitoring.records.measures import (
    TEXT,
    ColumnReference,
    ColumnScore,
    Performance,
    Reference,
    Standing,
    loss_title,
    share_drifted,
)
from driftloop.monitoring.records.metrics import Better, CalibrationBin, Confusion, MetricName, MetricValue, worsening
from driftloop.monitoring.records.slices import (
    FoundSlice,
    SliceDrift,
    SliceReference,
    SliceScore,
    drift_summary,
    summary,
    worst,
)

__all__ = [
    "DRIFT",
    "TEXT",
    "ArchiveLead",
    "ArchiveScore",
    "ArchiveScores",
    "Better",
    "CalibrationBin",
    "Check",
    "CheckWindow",
    "ColumnReference",
    "ColumnScore",
    "Confusion",
    "Decision",
    "Estimate",
    "FairnessGap",
    "Finding",
    "FindingCode",
    "FoundSlice",
    "GroupRate",
    "History",
    "Kind",
    "LabelStatus",
    "Learned",
    "Loss",
    "MetricName",
    "MetricValue",
    "Moment",
    "Outcome",
    "PastCheck",
    "PastRetrain",
    "PastSwitch",
    "Performance",
    "Probe",
    "Record",
    "Reference",
    "Retrain",
    "Role",
    "SelfTest",
    "Severity",
    "Signal",
    "Signals",
    "SliceDrift",
    "SliceReference",
    "SliceScore",
    "Standing",
    "Vote",
    "VoteKind",
    "Window",
    "changed",
    "drift_summary",
    "fairness_summary",
    "figure",
    "loss_title",
    "share_drifted",
    "summary",
    "utc",
    "worsening",
    "worst",
]
