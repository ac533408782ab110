"""Metrics of one model after a check or retrain: as a text file for node_exporter, and to a push gateway."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from prometheus_client import CollectorRegistry, generate_latest, push_to_gateway
from prometheus_client.exposition import basic_auth_handler, default_handler

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.settings.secrets import expand
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry.last_recorded import status_of
from driftloop.pipelines.telemetry.metrics import registry_of

JOB = "driftloop"
# A gateway that does not answer delays a check by no more.
GATEWAY_SECONDS = 2.0


def publish(project: Project, ledger: Ledger, seconds: float | None = None, *, outage: bool = False) -> list[str]:
    """Publish the metrics of a model where `prometheus` names a place; return what went wrong, without raising.

    `seconds` is the duration of the check that has just ended. After an `outage` MLflow is not asked for the champion.
    """
    if project.prometheus.textfile is None and project.prometheus.pushgateway is None:
        return []
    try:
        champion = None if outage else registry.aliased(project.model, registry.CHAMPION)
        newest = champion.newest_row if champion else None
        now = datetime.now(UTC)
        status = status_of(project, ledger, now, seconds=seconds, champion_newest=newest)
        figures = registry_of([status], now, live=False)
    except Exception as error:
        return [f"the metrics for Prometheus could not be computed: {type(error).__name__}: {error}"]
    return [*_attempt("textfile", _write, project, figures), *_attempt("pushgateway", _push, project, figures)]


def folder(project: Project) -> Path | None:
    """Return the folder of `prometheus.textfile`; None if it is not set. Raises SecretMissing."""
    written = project.prometheus.textfile
    if written is None:
        return None
    return Path(os.path.abspath(project.folder / os.path.expanduser(expand(written, "prometheus.textfile"))))


def unusable(project: Project) -> str | None:
    """Return why the folder of `prometheus.textfile` cannot be written to; None if it can, or is not set."""
    place = folder(project)
    if place is None:
        return None
    if not place.is_dir():
        found = "is a file" if place.exists() else "does not exist"
        return f"the folder {place} {found}; name the folder that node_exporter reads (--collector.textfile.directory)"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"no permission to write into {place}; allow it to the user that runs the checks"
    return None


def _attempt(key: str, act: Callable[[Project, CollectorRegistry], None], *args: Any) -> Iterator[str]:
    try:
        act(*args)
    except DriftloopError as error:
        yield f"prometheus.{key}: {error.found}"
    except Exception as error:
        # Without the text of other errors, which may contain an address with its secret.
        why = str(error) if isinstance(error, FileNotFoundError | PermissionError) else type(error).__name__
        yield f"prometheus.{key}: the metrics were not written: {why}"


def _write(project: Project, figures: CollectorRegistry) -> None:
    """Write the file whole or not at all: node_exporter may read at any time, and ignores other endings."""
    place = folder(project)
    if place is None:
        return
    if (problem := unusable(project)) is not None:
        raise FileNotFoundError(problem)
    file = place / f"driftloop_{project.model}.prom"
    scratch = place / f".{file.name}.{os.getpid()}"
    try:
        scratch.write_bytes(generate_latest(figures))
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)


def _push(project: Project, figures: CollectorRegistry) -> None:
    """Replace the model's group in the gateway; user and password of the address are sent as basic authentication."""
    if project.prometheus.pushgateway is None:
        return
    parts = urlsplit(expand(project.prometheus.pushgateway, "prometheus.pushgateway"))
    host = parts.netloc.rpartition("@")[2]

    def handler(url: str, method: str, timeout: float | None, headers: Any, data: bytes) -> Callable[[], None]:
        if parts.username is None:
            return default_handler(url, method, timeout, headers, data)
        user, password = unquote(parts.username), unquote(parts.password or "")
        return basic_auth_handler(url, method, timeout, headers, data, user, password)

    push_to_gateway(
        urlunsplit((parts.scheme, host, parts.path, "", "")),
        job=JOB,
        registry=figures,
        grouping_key={"model": project.model},
        timeout=GATEWAY_SECONDS,
        handler=handler,
    )
