"""Replay of a model's whole history, window by window, as `driftloop init --replay` and the demo run it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from driftloop.monitoring import sources
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import phases

SLACK = 0.05


def moments(project: Project, last: datetime) -> list[datetime]:
    """Return the moments of the checks, oldest first, one per current window up to `last`.

    The first one has the rows of a whole training window before it, or half of the history if that is shorter.
    """
    span = sources.span(project.source, project.reading, project.folder)
    if span is None:
        return [last]
    before = min(project.learned_span, (last - span.start) / 2)
    # The first row is rarely at the very start of a window.
    count = max(int((last - span.start - before) / project.windows.current + SLACK), 0)
    return [last - at * project.windows.current for at in range(count, -1, -1)]


def replay(project: Project, at: list[datetime]) -> Iterator[Check]:
    """Check the model at each moment in turn."""
    from driftloop.pipelines.flows.warmup import prefect_ready

    with prefect_ready(project, at[0]):
        from driftloop.pipelines.flows.monitoring import monitoring_flow

        with phases.counted("checking", len(at)) as done:
            for now in at:
                yield monitoring_flow(config=project, now=now)
                done()


def table(checks: list[Check], title: str = "window") -> str:
    """Return one line per check: the start of its window, rows, drift, loss, outcome and champion."""
    wide = max([12, *(len(check.outcome.value) for check in checks)]) + 1
    lines = [f"{title:<11}{'rows':>7}{'drift':>7}{'error':>8}  {'verdict':<{wide}}champion"]
    for check in checks:
        drift = "-" if check.drift_share is None else f"{check.drift_share:.0%}"
        error = "-" if check.performance is None else f"{check.performance.loss:.2f}"
        moved = check.champion_after != check.champion
        version = f"{check.champion or '-'} -> {check.champion_after}" if moved else str(check.champion or "-")
        values = f"{check.window.start:%Y-%m-%d} {check.window.rows:>7,}{drift:>7}{error:>8}"
        lines.append(f"{values}  {check.outcome.value:<{wide}}{version}")
    return "\n".join(lines)
