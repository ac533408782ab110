"""Rows and labels per window of a config, compared with its limits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.monitoring import sources
from driftloop.monitoring.records import Record, Window, changed
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.windows import current_window, inside, labelled_window, reference_window, training_window
from driftloop.pipelines.config.project import Project

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PIECE = 1 << 16


class RowCount(Record):
    """Number of rows and labels in a window of the config: current, labeled, training, holdout or reference."""

    name: str
    window: Window
    rows: int
    labels: int


def counted(project: Project, now: datetime) -> list[RowCount]:
    """Count rows and labels per window, reading time and target only, in memory that does not grow with the rows."""
    current = current_window(now, project.windows)
    training = training_window(current, project.columns.label_delay, project.learned_span)
    delay = project.columns.label_delay
    windows = {"current": current, "labeled": labelled_window(current, delay)}
    if project.trains:
        holdout = Window(start=max(training.end - project.held_out, training.start), end=training.end)
        windows |= {"training": training, "holdout": holdout}
    else:
        windows["reference"] = reference_window(current, delay, project.training.window)
    whole = Window(start=min(one.start for one in windows.values()), end=current.end)
    rows, labelled = dict.fromkeys(windows, 0), dict.fromkeys(windows, 0)
    with sources.stream_rows(project.source, _least(project), whole, project.folder, PIECE, now) as stream:
        for frame in stream.frames:
            known = _known(project, frame[project.columns.target])
            for name, window in windows.items():
                there = inside(frame[project.columns.time], window)
                rows[name] += int(there.sum())
                labelled[name] += int((there & known).sum())
    return [
        RowCount(name=name, window=window, rows=rows[name], labels=labelled[name]) for name, window in windows.items()
    ]


def _least(project: Project) -> Columns:
    """The columns with a single feature: a reading takes at least one."""
    columns = project.reading
    plain = [name for name in columns.features if name not in columns.derived] or list(columns.features)
    numeric = tuple(name for name in plain[:1] if name in columns.numeric)
    return changed(columns, numeric=numeric, categorical=tuple(plain[: 1 - len(numeric)]))


def _known(project: Project, values: pd.Series) -> np.ndarray:
    """Return for each row whether it has a label that a training run can use."""
    target = project.columns.target
    if project.kind(target) == "numeric":
        return numbers(values, target)[0].notna().to_numpy()
    return values.notna().to_numpy()


def shortages(project: Project, windows: list[RowCount]) -> list[tuple[str, str]]:
    """Compare the counts with the limits of the config: the key and a message for each that is not reached."""
    current, labelled, *others = windows
    limits = [(current, current.rows, "preflight.min_rows", project.preflight.min_rows, "rows", "a check ends early")]
    if project.trains:
        training, holdout = others
        limits += [
            (training, training.labels, "training.min_rows", project.training.min_rows, "labels", "nothing is trained"),
            (holdout, holdout.labels, "gate.min_rows", project.gate.min_rows, "labels", "nothing is promoted"),
        ]
    else:
        (reference,), least = others, project.predictions.min_rows
        then = "no version becomes the champion"
        limits.append((reference, reference.labels, "predictions.min_rows", least, "labels", then))
    short = [
        (key, f"{count:,} {what} in the {one.name} window, at least {least:,} are needed; with fewer {then}")
        for one, count, key, least, what, then in limits
        if count < least
    ]
    if labelled.rows and not labelled.labels:
        delay = format_duration(project.columns.label_delay)
        message = f"none of {labelled.rows:,} rows in {labelled.window} has a label; columns.label_delay is {delay}"
        short.append(("columns.label_delay", message))
    return short
