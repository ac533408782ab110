"""A window without rows: the sentence that names where the rows are, and the command that reaches them."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from driftloop.monitoring import sources
from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project

# What each command does with the newest rows.
DOES = {"check": "evaluates", "predict": "scores", "retrain": "learns from"}


def no_rows(config: Project, window: Window, command: str = "check") -> str:
    """Return that a window has no rows and where the rows are, with the command that reaches them if it is elsewhere.

    A window between rows, such as one of a holiday, gets no command: the source itself has a gap there.
    """
    there = sources.span(config.source, config.reading, config.folder)
    text = f"no rows in {window}"
    if there is None:
        strays = sources.count_strays(config.source, config.reading, datetime.now(UTC), config.folder)
        unusable = strays.timeless + strays.outside
        why = f"none of the source's {unusable:,} rows has a usable time" if unusable else "the source is empty"
        return f"{text}; {why}"
    text += f"; the source has rows from {there.start:%Y-%m-%d %H:%M} to {there.end:%Y-%m-%d %H:%M}"
    if there.start < window.end and window.start < there.end:
        return text
    again = f"driftloop {command} {shlex.quote(str(config.file))} --now {there.end:%Y-%m-%dT%H:%M}"
    return f"{text}; `{again}` {DOES[command]} its newest rows"


def refuse_no_rows(config: Project, rows: int, window: Window) -> None:
    """Raise `TrainingImpossible` if there are no rows to learn from."""
    if not rows:
        raise TrainingImpossible(
            "no_data",
            no_rows(config, window, "retrain"),
            expected="rows to learn from",
            remedy="otherwise wait for rows, or make training.window longer",
        )
