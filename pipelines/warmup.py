"""What a fresh process does while Prefect's temporary server boots: import, and look ahead whether a check is needed.

The server takes some seconds in a process of its own; imports take about as long in ours. One after the other they
would double the time of a check.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from pipelines import home
from pipelines.config import Project
from pipelines.temporary_server import TemporaryServer


@contextmanager
def prefect_ready(project: Project | None = None, now: datetime | None = None) -> Iterator[None]:
    """Inside, flows run at once. Without `PREFECT_API_URL` a temporary server is started, once per process.

    With a project, what its check will need is imported meanwhile; an early exit in sight imports nothing heavy.
    """
    home.prepare()
    home.require_room()
    server = None if os.environ.get("PREFECT_API_URL") else _server()
    quiet()

    if project is not None:
        # Whatever is wrong here will be wrong in the flow too, and is told there.
        with suppress(Exception):
            _import_ahead(project, now)
    if server is None:
        yield
        return
    # Embedded nobody reads heartbeats, and each flow would wait up to a second for the thread that sends them.
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_API_URL: server.wait(), PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@functools.cache
def _server() -> TemporaryServer:
    return TemporaryServer()


def quiet() -> None:
    """Keep the parts' chatter from the terminal: what is wrong is told once, by us.

    Prefect would print the traceback of an error for each task and flow that it passes; its own record keeps them.
    """
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    for name in ("mlflow", "alembic", "httpx", "evidently"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _import_ahead(project: Project, now: datetime | None) -> None:
    from monitoring import sources
    from monitoring.windows import current_window
    from pipelines import registry

    champion = registry.aliased(project.model, registry.CHAMPION)
    window = current_window(now or datetime.now(UTC), project.windows)
    rows = sources.count_rows(project.source, project.columns, window, project.folder)
    if champion is not None:
        if rows < project.preflight.min_rows or _settled(project.model, window, champion.number, rows):
            return
        from monitoring import report

        report.preload()
    elif rows == 0:
        return
    from pipelines.training.fit import preload

    preload(project.training.estimator)


def _settled(model: str, window: Any, champion: str, rows: int) -> bool:
    from monitoring.ledger import Ledger

    with closing(Ledger(home.ledger_url())) as ledger:
        return any(
            check.outcome.judged
            and (check.window.start, check.window.end, check.window.rows) == (window.start, window.end, rows)
            and champion in {check.champion, check.champion_after}
            for check in ledger.checks(model, most=5)
        )
