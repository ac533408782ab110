"""Keys of `retention`: how long what checks leave behind is kept."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from driftloop.monitoring.settings.durations import Span
from driftloop.monitoring.settings.section import Section


class Retention(Section):
    """How long reports, results, runs and logged predictions are kept; each check removes older ones, once per day.

    What a version, an open request, the archive or a rollback needs is never removed, nor is the newest report, nor
    predictions of rows whose labels may still come.
    """

    reports: Span = Field(timedelta(days=90), description="pages of checks and backtests in the state folder")
    results: Span = Field(
        timedelta(days=7), description="cached results of steps in Prefect's storage, which all models share"
    )
    runs: Span = Field(
        timedelta(days=365), description="MLflow runs of checks, probes, candidates and trials, with their artifacts"
    )
    predictions: Span = Field(
        timedelta(days=365), description="files of the prediction log that `driftloop score`, `predict` or checks wrote"
    )
