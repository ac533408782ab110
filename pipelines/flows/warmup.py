"""Start-up of a process while Prefect's temporary server boots: imports, and whether a check is needed at all.

The server takes some seconds to start in its process; imports take about as long in ours. In sequence they would
double the time of a check.
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
from driftloop.pipelines.flows import known_columns, mismatch
from driftloop.pipelines.runtime import home, phases
from driftloop.pipelines.runtime.temporary_server import TemporaryServer


@contextmanager
def prefect_ready(project: Project | None = None, now: datetime | None = None) -> Iterator[None]:
    """Make Prefect ready for flows in the block. Without `PREFECT_API_URL` a temporary server starts, once per process.

    With a project, the imports of its check run meanwhile; nothing heavy if an early exit is expected. A config that
    does not fit its source raises `ConfigError`, before anything starts if it is new or was changed.
    """
    home.prepare()
    home.require_room()
    phases.enter("comparing the config with its source")
    # A config that fitted before is compared while the server starts.
    first = project is not None and (not known_columns.fitted(project) or mismatch.is_new(project))
    if project is not None and first:
        mismatch.refuse_mismatch(project)
    server = None if os.environ.get("PREFECT_API_URL") else _server()
    quiet()

    if project is not None:
        if not first:
            mismatch.refuse_mismatch(project)
        phases.enter("loading libraries")
        # The flow raises and reports any error from here again.
        with suppress(Exception):
            _import_ahead(project, now)
    from prefect import settings

    from driftloop.pipelines.registry.flow_runs import owned

    if server is None:
        with owned():
            yield
        return
    phases.enter("waiting for Prefect's server")
    url = server.wait()
    embedded = {
        settings.PREFECT_API_URL: url,
        # Heartbeats are not used, and each flow would wait up to a second for the thread that sends them.
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
    """Return a file with a single certificate, for a server that is called without TLS.

    Each client of Prefect, two per flow, reads all 140 authorities of certifi, 25 ms each time, although the
    connection to 127.0.0.1 is plain HTTP.
    """
    import certifi

    file = Path(os.environ["PREFECT_HOME"]) / "certificate.pem"
    draft = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    end = "-----END CERTIFICATE-----\n"
    draft.write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    draft.replace(file)
    return str(file)


def quiet() -> None:
    """Keep log lines of the libraries from the terminal: driftloop reports each error once.

    Prefect would print the traceback of an error for each task and flow that it passes; its own log keeps them.
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
        if rows < project.preflight.min_rows or _is_judged(project.model, window, champion.number, rows):
            return
        from driftloop.monitoring import report

        report.preload()
    elif rows == 0:
        return
    from driftloop.pipelines.training.fit import preload

    preload(project.training.estimator)


def _is_judged(model: str, window: Any, champion: str, rows: int) -> bool:
    from driftloop.monitoring.ledger import Ledger

    with closing(Ledger(home.ledger_url())) as ledger:
        return any(
            check.outcome.judged
            and (check.window.start, check.window.end, check.window.rows) == (window.start, window.end, rows)
            and champion in {check.champion, check.champion_after}
            for check in ledger.checks(model, most=5)
        )
