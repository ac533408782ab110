"""Labels in a table of their own, as a check sees them: what they cover, how late they are, and what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from driftloop.monitoring import sources
from driftloop.monitoring.quality import joined
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.check_run import CheckRun


def look(run: CheckRun, known: Project, fresh: Fresh, due: Window) -> None:
    """Add what was found of ids and labels to a check; `due` is the window whose labels must be there.

    `known` is the config by which the rows were read. Without ids there is nothing to look at.
    """
    if fresh.joined is None:
        return
    counted = fresh.joined.counted(due) if fresh.counted is None or fresh.counted.ids is None else fresh.counted.ids
    shared = "prediction" if known.elsewhere and known.labels is None else "label"
    run.findings += tuple(joined.ids(counted, shared))
    if known.labels is None:
        return
    present = max(run.now, datetime.now(UTC)) + recovery.CLOCK_SLACK
    counts = sources.count_labels(known.source, known.reading, due.start, run.now, present, known.folder)
    run.labels = fresh.joined.status(due)
    run.findings += tuple(joined.labels(counted, counts, known))
