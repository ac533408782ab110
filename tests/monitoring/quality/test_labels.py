"""Labels that are due: missing ones, impossible ones, and new classes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from driftloop.monitoring.quality.labels import labels
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import Finding
from tests.counted import categorical, numeric
from tests.judged import monitored


def found(due: Counted, *, target: Any = None, **config: Any) -> list[Finding]:
    given = target or numeric("y", role="target")
    return list(labels(due, given, monitored(**config), None))


def test_no_label_due_is_no_fault() -> None:
    """Where no label is due yet that is a note, and nothing else is stated of them."""
    (finding,) = found(Counted())
    assert (finding.code, finding.severity) == ("no_labels_due", "info")


@pytest.mark.parametrize(
    ("rows", "missing", "severity"),
    [
        (100, 5, None),
        (100, 6, "warning"),
        (100, 30, "warning"),
        (100, 31, "fatal"),
        (20, 20, "fatal"),
        (19, 19, "warning"),
    ],
)
def test_missing_labels_are_fatal_where_there_are_enough(rows: int, missing: int, severity: str | None) -> None:
    """Above the limits a warning, then fatal: a training would learn from a part. Fewer than 20 may be chance."""
    findings = [one for one in found(Counted(rows=rows, nulls=missing)) if one.code == "target_missing"]
    assert [one.severity for one in findings] == ([] if severity is None else [severity])
    for finding in findings:
        assert finding.observed == missing / rows


def test_a_label_that_the_loss_does_not_allow_is_fatal() -> None:
    """One count below zero makes the loss of a count undefined; the message has the least label and the loss."""
    negative = Counted(rows=100, least=-1.0, varied=True)
    (finding,) = found(negative, performance__loss="poisson_deviance")
    assert (finding.code, finding.severity, finding.observed) == ("labels_not_allowed", "fatal", -1.0)
    assert "below 0 (smallest: -1)" in finding.message
    assert found(negative, performance__loss="mae") == []


@pytest.mark.parametrize(
    ("task", "rows", "unseen", "severity"),
    [
        ("binary", 100, 1, "warning"),
        ("binary", 100, 6, "fatal"),
        ("binary", 19, 19, "warning"),
        ("multiclass", 100, 5, None),
        ("multiclass", 100, 6, "warning"),
        ("multiclass", 100, 99, "warning"),
        ("multiclass", 100, 100, "fatal"),
    ],
)
def test_new_classes_are_weighed_by_the_task(task: str, rows: int, unseen: int, severity: str | None) -> None:
    """A binary target has no third class; of many classes one may be new, and all of them may not."""
    target = categorical("y", levels=("a", "b"), role="target")
    due = Counted(rows=rows, unseen=unseen, unseen_counts=Counter({"c": unseen}), varied=True)
    findings = found(due, target=target, task=task)
    assert [one.severity for one in findings] == ([] if severity is None else [severity])
    for finding in findings:
        assert (finding.code, finding.observed) == ("unseen_labels", unseen / rows)
