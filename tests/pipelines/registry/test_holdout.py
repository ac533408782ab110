"""Held-out rows of a version, written with their losses; tests/scenarios/test_causes.py reads them back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.pipelines.config.project import load
from driftloop.pipelines.registry import holdout
from driftloop.pipelines.training.causes import MOST_ROWS
from tests.streams import stream, write


def test_rows_are_kept_with_their_losses(tmp_path: Path) -> None:
    """Columns that are compared and nothing else; at most 10,000 rows, in their order."""
    config = load(write(tmp_path, slices=["note"], columns__extra={"note": "categorical"}))
    rows = stream(100, a_day=110).assign(note="x", unused=1.0)
    holdout.write(config, rows, np.arange(len(rows), dtype=float), tmp_path)
    kept = pd.read_parquet(tmp_path / holdout.FILE)
    assert list(kept.columns) == ["ts", "note", "amount", "speed", "city", "kind", "y", holdout.LOSS]
    assert len(kept) == MOST_ROWS
    assert kept[holdout.LOSS].is_monotonic_increasing
