"""What is passed on between the steps: frozen records, readable as JSON. No behaviour beyond reading oneself."""

from monitoring.records.base import Finding, Kind, Loss, Moment, Outcome, Record, Role, Severity, Window, utc
from monitoring.records.changing import changed
from monitoring.records.check import Check, CheckWindow, Retrain
from monitoring.records.estimate import Estimate, SelfTest
from monitoring.records.judgement import (
    DRIFT,
    Decision,
    History,
    Learned,
    PastCheck,
    PastRetrain,
    Probe,
    Signal,
    Signals,
    Vote,
    VoteKind,
)
from monitoring.records.measures import TEXT, ColumnReference, ColumnScore, Performance, Reference, Standing

__all__ = [
    "DRIFT",
    "TEXT",
    "Check",
    "CheckWindow",
    "ColumnReference",
    "ColumnScore",
    "Decision",
    "Estimate",
    "Finding",
    "History",
    "Kind",
    "Learned",
    "Loss",
    "Moment",
    "Outcome",
    "PastCheck",
    "PastRetrain",
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
    "Standing",
    "Vote",
    "VoteKind",
    "Window",
    "changed",
    "utc",
]
