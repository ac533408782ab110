"""Rules of a config on the rows that a check would judge, for `driftloop validate`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from driftloop.monitoring import sources
from driftloop.monitoring.quality.column_rules import rules
from driftloop.monitoring.quality.freshness import stale
from driftloop.monitoring.records import Finding, Window
from driftloop.monitoring.rows.ruled import RuleCounts, count
from driftloop.monitoring.windows import current_window, labelled_window
from driftloop.pipelines.config.project import Project

PIECE = 1 << 16


def notes(project: Project, now: datetime) -> Iterator[tuple[str, bool, str]]:
    """Yield the key of each rule, whether it is broken, and a message."""
    current = current_window(now, project.windows)
    if project.columns.rules:
        found = broken(project, current, now)
        for finding in found:
            yield f"columns.rules.{finding.column}", True, f"{finding.message} ({finding.severity})"
        if not found:
            number = len(project.columns.rules)
            of = f"any of {number} rules" if number > 1 else "the rule"
            yield "columns.rules", False, f"no row of {current} breaks {of}"
    silence = project.preflight.max_silence
    if silence is not None:
        newest = sources.newest(project.source, project.reading, project.folder, now)
        late = stale(newest, silence, now)
        message = late.message if late else f"the newest row is from {newest:%Y-%m-%d %H:%M} UTC"
        yield "preflight.max_silence", late is not None, message


def broken(project: Project, current: Window, now: datetime) -> list[Finding]:
    """Return the findings of the rules on a window, in memory that does not grow with the rows."""
    due = labelled_window(current, project.columns.label_delay)
    span = Window(start=min(due.start, current.start), end=current.end)
    counts = RuleCounts()
    reading = project.reading.with_rules()
    with sources.stream_rows(project.source, reading, span, project.folder, PIECE, now) as stream:
        for frame in stream.frames:
            ordered = sources.in_order_of_time(frame, project.columns.time)
            counts.add(count(ordered, project, current), project)
        return list(rules(counts, project, stream.schema))
