"""What a fresh process does while Prefect's temporary server boots: import, and look ahead whether a check is needed.

The server takes some seconds in a process of its own; imports take about as long in ours. One after the other they
would double the time of a check.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows import mismatch
from driftloop.pipelines.runtime import home, phases
from driftloop.pipelines.runtime.temporary_server import TemporaryServer


@contextmanager
def prefect_ready(project: Project | None = None, now: datetime | None = None) -> Iterator[None]:
    """Inside, flows run at once. Without `PREFECT_API_URL` a temporary server is started, once per process.

    With a project, what its check will need is imported meanwhile; an early exit in sight imports nothing heavy. A
    config that does not fit its source raises `ConfigError`, at the first check before anything is started.
    """
    home.prepare()
    home.require_room()
    phases.enter("comparing the config with its source")
    new = project is not None and mismatch.is_new(project)
    if project is not None and new:
        mismatch.refuse_mismatch(project)
    server = None if os.environ.get("PREFECT_API_URL") else _server()
    quiet()

    if project is not None:
        if not new:
            mismatch.refuse_mismatch(project)
        phases.enter("loading libraries")
        # Whatever is wrong here will be wrong in the flow too, and is told there.
        with suppress(Exception):
            _import_ahead(project, now)
    from prefect import settings

    from driftloop.pipelines.registry.evidence import owned

    if server is None:
        with owned():
            yield
        return
    phases.enter("waiting for Prefect's server")
    url = server.wait()
    embedded = {
        settings.PREFECT_API_URL: url,
        # Nobody reads heartbeats, and each flow would wait up to a second for the thread that sends them.
        settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        settings.PREFECT_API_SSL_CERT_FILE: _one_certificate(),
    }
    with settings.temporary_settings(embedded), owned():
        yield


@functools.cache
def _server() -> TemporaryServer:
    return TemporaryServer()


@functools.cache
def _one_certificate() -> str:
    """A file with a single certificate, for a server that is asked without any.

    Each client of Prefect, two a flow, reads all the 140 authorities that certifi knows, 25 ms each time, though the
    way to 127.0.0.1 is plain HTTP.
    """
    import certifi

    file = Path(os.environ["PREFECT_HOME"]) / "certificate.pem"
    draft = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    end = "-----END CERTIFICATE-----\n"
    draft.write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    draft.replace(file)
    return str(file)


def quiet() -> None:
    """Keep the parts' chatter from the terminal: what is wrong is told once, by us.

    Prefect would print the traceback of an error for each task and flow that it passes; its own record keeps them.
    """
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    for name in ("mlflow", "alembic", "httpx", "evidently"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _import_ahead(project: Project, now: datetime | None) -> None:
    from driftloop.monitoring import sources
    from driftloop.monitoring.windows import current_window
    from driftloop.pipelines import registry

    champion = registry.aliased(project.model, registry.CHAMPION)
    window = current_window(now or datetime.now(UTC), project.windows)
    rows = sources.count_rows(project.source, project.reading, window, project.folder)
    if champion is not None:
        if rows < project.preflight.min_rows or _settled(project.model, window, champion.number, rows):
            return
        from driftloop.monitoring import report

        report.preload()
    elif rows == 0:
        return
    from driftloop.pipelines.training.fit import preload

    preload(project.training.estimator)


def _settled(model: str, window: Any, champion: str, rows: int) -> bool:
    from driftloop.monitoring.ledger import Ledger

    with closing(Ledger(home.ledger_url())) as ledger:
        return any(
            check.outcome.judged
            and (check.window.start, check.window.end, check.window.rows) == (window.start, window.end, rows)
            and champion in {check.champion, check.champion_after}
            for check in ledger.checks(model, most=5)
        )
