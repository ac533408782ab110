"""Weighted rows with missing values and labels, read in small pieces, for tests of training from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from tests.streams import day, stream, write

SPAN = Window(start=day(0), end=day(21))
# Early stopping chooses the number of trees; rows and columns are drawn.
STOPS = {"n_estimators": 150, "early_stopping_rounds": 4, "learning_rate": 0.3, "subsample": 0.8}


def rows(task: str) -> pd.DataFrame:
    """Rows in order of time with weights, missing values and late labels."""
    frame = stream(days=21, task=task)
    generator = np.random.default_rng(4)
    frame["w"] = generator.uniform(0.5, 2, len(frame))
    frame.loc[frame.index % 11 == 0, "amount"] = None
    frame.loc[frame.index % 13 == 0, "city"] = None
    frame.loc[frame.index % 17 == 0, "y"] = None
    return frame


def read(folder: Path, frame: pd.DataFrame, task: str, **more: Any) -> tuple[Project, Fresh]:
    """The config of such rows, and the rows read in small pieces."""
    given = {"training__params": STOPS, "columns__weight": "w", "task": task, **more}
    project = load(write(folder, frame, **given))
    return project, read_fresh(Query(project, SPAN, folder), 333)
