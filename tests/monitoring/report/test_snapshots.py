"""Snapshots of Evidently: which columns are in one, and that each can be written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from evidently.ui.storage.local.base import LocalState

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.records import ColumnReference, ColumnScore, Window
from driftloop.monitoring.report.snapshots import Folder, Label, Rows, snapshot_of
from tests.streams import day

LABEL = Label("m", "c1", Window(start=day(0), end=day(7)), ("version:1",), (("check", "c1"),))


def rows(**columns: tuple[object, object, str]) -> Rows:
    """Columns by name: reference value or values, current ones, method."""
    settings = tuple(
        ColumnReference(
            name=name, role="feature", kind=next(iter(METHODS[method].kinds)), null_share=0, distinct=9, method=method
        )
        for name, (_, _, method) in columns.items()
    )
    scores = tuple(
        ColumnScore(
            name=one.name, role="feature", kind=one.kind, method=one.method, score=0.25, threshold=0.1, drifted=True
        )
        for one in settings
    )
    sides = [pd.DataFrame({name: value[side] for name, value in columns.items()}, range(200)) for side in (0, 1)]
    return Rows(sides[0], sides[1], settings, scores)


def test_a_snapshot_has_the_decided_scores_and_leaves_out_what_cannot_be_drawn(tmp_path: Path) -> None:
    """A name that is markup is harmless; a column without values, and a huge constant one, are not in it."""
    spread = np.linspace(0, 1, 200)
    given = rows(
        **{"<b>fare</b>": (spread, spread + 1, "wasserstein")},
        empty=(spread, np.nan, "wasserstein"),
        theirs=(spread, spread, "evidently:wasserstein"),
        huge=(1e17, 1e17 + np.where(spread > 0.5, 16.0, 0.0), "wasserstein"),
    )
    snapshot = snapshot_of(given, Drift(), LABEL)
    file = Folder(tmp_path / "board").store(LABEL, snapshot)
    assert Folder(tmp_path / "board").store(LABEL, snapshot) == file
    state = LocalState(str(tmp_path / "board"))
    (project,) = state.list_projects()
    (known,) = state.list_snapshots(project)
    read = state.read_snapshot(project, known)
    values = [(one.display_name, one.value) for one in read.metric_results.values()]
    names = ("\u2039b\u203afare\u2039/b\u203a", "theirs")
    assert values == [(f"Value drift for {name}", 0.25) for name in names]
    assert str(read.widgets).count("Data drift detected") == 2
    assert (read.tags, read.metadata, str(read.timestamp)[:10]) == (["version:1"], {"check": "c1"}, "2026-01-08")
