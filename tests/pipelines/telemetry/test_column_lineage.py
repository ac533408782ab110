"""Columns of the source behind the features of a model."""

from __future__ import annotations

from pathlib import Path

from driftloop.pipelines.config.project import load
from driftloop.pipelines.telemetry.column_lineage import columns_of
from tests.streams import write


def test_derived_columns_are_followed_to_the_source(tmp_path: Path) -> None:
    """Through chains, and through one that replaces a column of the source; filter and weight are named."""
    file = write(
        tmp_path,
        columns__numeric=["amount", "twice", "hour"],
        columns__derived={
            "amount": "abs(amount)",
            "half": "Speed / 2",
            "twice": "half * 4 + amount",
            "hour": "hour(ts)",
        },
        columns__filter="half < 9 AND city <> 'x'",
        columns__weight="w",
    )
    found = {(one.name, one.use, one.derived) for one in columns_of(load(file))}
    assert found == {
        ("amount", "feature", True), ("Speed", "feature", True), ("ts", "feature", True),
        ("city", "feature", False), ("kind", "feature", False), ("y", "target", False), ("w", "weight", False),
        ("Speed", "filter", True), ("city", "filter", False),
    }  # fmt: skip
    assert {one.dataset.name for one in columns_of(load(file))} == {str(tmp_path / "rows.parquet")}


def test_labels_of_their_own_are_another_dataset(tmp_path: Path) -> None:
    """The target is a column of that table."""
    labels = {"path": "labels.parquet", "key": ["no"], "target": "paid"}
    project = load(write(tmp_path, columns__id=["no"], labels=labels))
    (target,) = (one for one in columns_of(project) if one.use == "target")
    assert (target.name, target.dataset.name) == ("paid", str(tmp_path / "labels.parquet"))
