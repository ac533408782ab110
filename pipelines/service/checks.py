"""What the service runs: a check as a Prefect flow, everything imported before, and its runs ended if it is cut off."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress

from monitoring.ledger import Ledger
from monitoring.records import Check
from pipelines import home
from pipelines.config import Project
from pipelines.warmup import prefect_ready


def preload(projects: Iterable[Project]) -> None:
    """Import all that checks need, in the main thread: two threads that import the same parts at once break both."""
    import matplotlib as mpl

    import monitoring.report
    import pipelines.monitoring_flow
    import pipelines.training_flow
    from pipelines.training.fit import preload as preload_fit

    assert pipelines.monitoring_flow
    assert pipelines.training_flow
    mpl.use("agg")  # a window system has no business in a thread
    monitoring.report.preload()
    for estimator in {project.training.estimator for project in projects}:
        # An estimator that is not there is told by the check that needs it.
        with suppress(Exception):
            preload_fit(estimator)


def check(project: Project) -> Check:
    """Run one check now. Prefect's settings belong to a thread, so each check enters them; its server is shared."""
    with prefect_ready():
        from pipelines.monitoring_flow import monitoring_flow

        return monitoring_flow(config=project)


def cut_off() -> int:
    """End as failed what this process has open in Prefect and MLflow, for it is about to end at once.

    Gives how many runs were ended. What cannot be ended here, the next start ends: it knows that this process is gone.
    """
    with suppress(Exception), prefect_ready(), closing(Ledger(home.ledger_url())) as ledger:
        from pipelines import dead_runs

        return len(dead_runs.end_own_runs(ledger))
    return 0
