"""Notes of a validation on what leaves driftloop: notifications, metrics, snapshots. Sends and writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

from driftloop.monitoring.settings.secrets import variables
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.reports import KEY
from driftloop.pipelines.telemetry import publishing

Note = tuple[str, Literal["ok", "note"], str]


def notes(project: Project) -> Iterator[Note]:
    """Yield key, state and message of each part. Raises SecretMissing for the folder of the metrics."""
    yield from _notifications(project)
    yield from _metrics(project)
    yield from _snapshots(project)


def _notifications(project: Project) -> Iterator[Note]:
    urls = project.notify.urls
    for at, url in enumerate(urls):
        if lacking := _lacking(url):
            message = f"{lacking} not set in this environment, so nothing would be sent to this URL"
            yield f"notify.urls.{at}", "note", message
    if urls:
        message = (
            f"{len(urls)} URL{'s' if len(urls) > 1 else ''}; `driftloop notify --test {project.file}` sends a test"
        )
        yield "notify", "ok", message


def _metrics(project: Project) -> Iterator[Note]:
    key, gateway = "prometheus.textfile", project.prometheus.pushgateway
    if project.prometheus.textfile is not None:
        lacking = _lacking(project.prometheus.textfile)
        problem = f"{lacking} not set in this environment" if lacking else publishing.unusable(project)
        if problem:
            yield key, "note", f"no metrics are written: {problem}"
        else:
            yield key, "ok", f"driftloop_{project.model}.prom in {publishing.folder(project)}"
    if gateway is not None and (lacking := _lacking(gateway)):
        yield "prometheus.pushgateway", "note", f"no metrics are pushed: {lacking} not set in this environment"


def _snapshots(project: Project) -> Iterator[Note]:
    if project.report.workspace is None:
        return
    if lacking := _lacking(project.report.workspace):
        yield KEY, "note", f"no snapshots are stored: {lacking} not set in this environment"
        return
    place = project.report.place(project.folder)
    shown = "" if isinstance(place, str) else f"; `evidently ui --workspace {place}` shows it"
    yield KEY, "ok", f"snapshots of checks in {place}{shown}"


def _lacking(text: str) -> str:
    return ", ".join(name for name in variables(text) if not os.environ.get(name))
