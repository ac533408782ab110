"""State of the watched models, shared by all threads of the service, and their notifications."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from driftloop.monitoring.errors import LedgerError
from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce, notices
from driftloop.pipelines.notify.notices import Notice
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service.running import CheckEnd
from driftloop.pipelines.service.watched import Watched

log = logging.getLogger("driftloop.service")


class Board:
    """Thread-safe state per model. Notifications are sent on the background thread."""

    def __init__(self, background: ThreadPoolExecutor) -> None:
        self._background = background
        self._lock = threading.RLock()
        self._lines: dict[str, Watched] = {}
        self._sent: dict[str, datetime] = {}

    def get(self, model: str) -> Watched | None:
        with self._lock:
            return self._lines.get(model)

    def put(self, project: Project, now: datetime) -> bool:
        """Watch a model with this config from now on; return True if the model is new here."""
        watched = self.get(project.model)
        if watched is not None:
            watched.take(project)
            return False
        with closing(Ledger(home.ledger_url())) as ledger:
            watched = Watched.of(project, ledger, now)
        watched.champion_newest = _newest_row(project.model)
        with self._lock:
            self._lines[project.model] = watched
        return True

    def drop(self, model: str) -> None:
        with self._lock:
            self._lines.pop(model, None)

    def all(self) -> tuple[Watched, ...]:
        """Return every watched model, by name."""
        with self._lock:
            return tuple(watched for _, watched in sorted(self._lines.items()))

    def ended(self, end: CheckEnd) -> None:
        """Record the end of a check."""
        newest = _newest_row(end.request.model)
        with self._lock:
            watched = self._lines.get(end.request.model)
            if watched is not None:
                watched.ended(end)
                watched.champion_newest = newest

        if end.error is not None and watched is not None:
            # An error within the flow was reported by the flow; an error that prevented its start is reported here.
            self._background.submit(self._send, watched.project, notices.of_error(end.request.model, end.error))

    def skipped(self, model: str, due: datetime, kind: Kind, why: str) -> None:
        """Count, log and record a check that was due and is not run."""
        log.warning("%s: the check due at %s is skipped: %s", model, when(due), why)
        with self._lock:
            watched = self._lines.get(model)
            if watched is not None:
                watched.missed += kind is Kind.CHECK_MISSED
                watched.overrun += kind is Kind.CHECK_OVERRUN
        note(model, kind, {"due": due.isoformat(), "reason": why})

    def report(self, notice: Notice, kind: str) -> None:
        """Log and record a notification once; send it, and repeat it as `notify.repeat_after` allows."""
        watched = self.get(notice.model)
        if watched is None:
            return
        if notice.key not in watched.reported:
            watched.reported.add(notice.key)
            log.error("%s: %s", notice.title, notice.body)
            note(notice.model, kind, {"reason": notice.body})
        if watched.project.notify.urls:
            self._background.submit(self._send, watched.project, notice)

    def _send(self, project: Project, notice: Notice) -> None:
        """Send a notification once, even if the ledger is unavailable. Only the background thread runs this."""
        settings, now = project.notify, datetime.now(UTC)
        earlier = sorted(((moment, key) for key, moment in self._sent.items()), reverse=True)
        try:
            with closing(Ledger(home.ledger_url())) as ledger:
                unrecorded = announce.deliver(settings, notice, ledger, earlier)
        except LedgerError:
            # Without a ledger only the memory of this process prevents repetitions.
            send = notice.kind in settings.on and notices.should_send(notice, earlier, now, settings.repeat_after)
            unrecorded = send and any(why is None for _, why in announce.send(settings, notice))
        except Exception as error:
            # Without its text, which may contain a URL with its secret.
            log.warning("notification %r was not sent: %s", notice.title, type(error).__name__)
            return
        if unrecorded:
            self._sent[notice.key] = now


def note(model: str, kind: str, payload: dict[str, Any]) -> None:
    """Write an event into the ledger; log a warning if the ledger is unavailable."""
    try:
        with closing(Ledger(home.ledger_url())) as ledger:
            ledger.note(model, kind, payload, datetime.now(UTC))
    except Exception as error:
        log.warning("%s: the event %s could not be recorded in the ledger: %s", model, kind, type(error).__name__)


def when(moment: datetime) -> str:
    """Format a time for the log."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _newest_row(model: str) -> datetime | None:
    from driftloop.pipelines import registry

    try:
        champion = registry.aliased(model, registry.CHAMPION)
    except Exception:
        return None  # the check that needs it reports the error
    return champion.newest_row if champion else None
