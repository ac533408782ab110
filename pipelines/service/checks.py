"""Checks run by the service: as Prefect flows, with all imports done before, and their runs closed on interruption."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing, suppress
from importlib import import_module

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.warmup import prefect_ready
from driftloop.pipelines.runtime import home, outages

# Modules that checks import late. Listed by name: they are only loaded here.
LATER = (
    "apprise",
    "fsspec.core",
    "ibis.backends.duckdb",
    "ibis.backends.sqlite",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "mlflow.artifacts",
    "mlflow.pyfunc",
    "driftloop.monitoring.policies.learning",
    "driftloop.pipelines.requests.dead_runs",
    "driftloop.pipelines.flows.monitoring",
    "driftloop.pipelines.flows.probing",
    "driftloop.pipelines.site",
    "driftloop.pipelines.training.fit_sklearn",
    "driftloop.pipelines.training.fit_xgboost",
    "driftloop.pipelines.training.probe",
    "driftloop.pipelines.flows.training",
    "plotly.files",
    "prefect.artifacts",
    "prefect.concurrency.context",
    "prefect.engine",
    "prefect.events",
    "prefect.task_engine",
    "pyarrow.dataset",
    "scipy.optimize",
    "scipy.stats",
    "skops.io",
    "sklearn.compose",
    "sklearn.impute",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "sqlglot.dialects.duckdb",
    "sqlglot.dialects.sqlite",
)


def preload(projects: Iterable[Project]) -> None:
    """Import all that checks need, in the main thread: simultaneous imports in two threads can break both."""
    os.environ.setdefault("MPLBACKEND", "agg")  # no window system in a thread
    from driftloop.monitoring import report
    from driftloop.pipelines import registry
    from driftloop.pipelines.training.fit import preload as preload_fit

    for name in LATER:
        import_module(name)
    report.preload()
    registry.client()
    for estimator in {project.training.estimator for project in projects}:
        # The check that needs a missing estimator reports it.
        with suppress(Exception):
            preload_fit(estimator)


def check(project: Project) -> Check:
    """Run one check now. Prefect's settings belong to a thread, so each check enters them; its server is shared."""
    with outages.translated(), prefect_ready():
        from driftloop.pipelines.flows.monitoring import monitoring_flow

        return monitoring_flow(config=project)


def cut_off() -> int:
    """Close the open Prefect and MLflow runs of this process as failed, just before it exits.

    Returns the number of closed runs. Runs that cannot be closed here are closed at the next start.
    """
    with suppress(Exception), prefect_ready(), closing(Ledger(home.ledger_url())) as ledger:
        from driftloop.pipelines.requests import dead_runs

        return len(dead_runs.end_own_runs(ledger))
    return 0
