"""Whether the engine of a config can be used: it answers, has workers with the same versions, and can read the rows."""

from __future__ import annotations

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.engines import engine_of
from driftloop.pipelines.engines.divisible import not_divisible
from driftloop.pipelines.flows.dividing import trained_by


def reach(project: Project) -> tuple[bool, str] | None:
    """Return whether the engine will be used, with a sentence; None without one.

    Raises the errors of a check: `EngineUnavailable`, `EngineMisfit` and `ExtraMissing`.
    """
    if project.engine is None:
        return None
    if reasons := "; ".join(not_divisible(project)):
        return False, f"it is not used, all rows are read by this process: {reasons}"
    ready = engine_of(project.engine).ready()
    if isinstance(here := trained_by(project), str):
        return False, f"{ready}; training runs read all rows in this process: {here}"
    return True, ready
