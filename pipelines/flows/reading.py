"""Reading of rows for both flows: a Prefect task with retries around `read_fresh`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.counting.plan import Plan
from driftloop.monitoring.errors import EngineUnavailable, MissingColumns, SourceMissing, TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.coerced import TYPE_CHANGED
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import refuse_another_target, widened
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.counted import read_counted
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine, Local
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.registry import Version


def _may_help(task: Any, run: Any, state: Any) -> bool:
    """Return whether a retry may help: a missing file or server may appear; broken content stays broken."""
    try:
        state.result()
    except (SourceMissing, EngineUnavailable, OSError):
        return True
    except Exception:
        return False
    return False


@step(name="read rows", retries=2, retry_delay_seconds=[0.5, 2], retry_condition_fn=_may_help, cache_policy=NO_CACHE)
def read(query: Query, plan: Plan | Engine | None = None) -> Fresh:
    """Read the rows of a query in canonical form; with a `plan` the database counts those of the window of a check.

    An engine reads all rows in its workers.
    """
    counted = read_counted(query.config, plan, query.folder) if isinstance(plan, Plan) else None
    if isinstance(counted, Fresh):
        return counted
    engine = plan if isinstance(plan, Engine) else Local()
    fresh = engine.read(query)
    fresh.uncounted = counted
    return fresh


def read_with(
    config: Project, window: Window, against: Version | None, now: datetime, engine: Engine | None = None
) -> Fresh:
    """Read the training rows, in this process or an engine, with the columns that either model needs.

    A feature that only the champion has may be missing in the source. A numeric feature of the config without numbers
    ends the training run.
    """
    fresh = _wide(config, window, against, now, engine)
    for finding in fresh.findings:
        if (
            finding.code == TYPE_CHANGED.name
            and finding.severity == "error"
            and finding.column in config.columns.features
        ):
            raise TrainingImpossible(
                "empty_feature",
                f"{finding.column!r}: no value is a number: {finding.message}",
                expected="numbers in the columns of columns.numeric",
                remedy="move it to columns.categorical, or derive a number from it (columns.derived)",
            )
    return fresh


def _wide(config: Project, window: Window, against: Version | None, now: datetime, engine: Engine | None) -> Fresh:
    own = Query(config, window, config.folder, now)
    if against is None:
        return read(own, engine)
    known = registry.reference(against)
    refuse_another_target(config, known, against.number)
    wide = widened(config, known)
    try:
        return read(replace(own, config=wide), engine)
    except MissingColumns:
        if wide.columns.features == config.columns.features:
            raise
        return read(own, engine)
