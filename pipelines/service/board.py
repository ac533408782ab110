"""The models that are watched, as all threads of the service see them, and what is told of them to people."""

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
from driftloop.pipelines.service.running import Ended
from driftloop.pipelines.service.watched import Watched

log = logging.getLogger("driftloop.service")


class Board:
    """A model has one line, which any thread may read and change. News go out in the thread `aside`."""

    def __init__(self, aside: ThreadPoolExecutor) -> None:
        self._aside = aside
        self._lock = threading.RLock()
        self._lines: dict[str, Watched] = {}
        self._sent: dict[str, datetime] = {}

    def get(self, model: str) -> Watched | None:
        with self._lock:
            return self._lines.get(model)

    def put(self, project: Project, now: datetime) -> bool:
        """Watch a model from now on by this state of its file; True if it is new here."""
        watched = self.get(project.model)
        if watched is not None:
            watched.take(project)
            return False
        with closing(Ledger(home.ledger_url())) as ledger:
            made = Watched.of(project, ledger, now)
        made.champion_newest = _newest_row(project.model)
        with self._lock:
            self._lines[project.model] = made
        return True

    def drop(self, model: str) -> None:
        with self._lock:
            self._lines.pop(model, None)

    def all(self) -> tuple[Watched, ...]:
        """Every line, by the name of its model."""
        with self._lock:
            return tuple(watched for _, watched in sorted(self._lines.items()))

    def ended(self, end: Ended) -> None:
        """Take in how a check ended."""
        newest = _newest_row(end.asked.model)
        with self._lock:
            watched = self._lines.get(end.asked.model)
            if watched is not None:
                watched.ended(end)
                watched.champion_newest = newest

        if end.error is not None and watched is not None:
            # Told by the flow already, where the error was in it; one that kept the flow from starting only here.
            self._aside.submit(self._send, watched.project, notices.of_error(end.asked.model, end.error))

    def left_out(self, model: str, due: datetime, kind: Kind, why: str) -> None:
        """A check that was due is not run: it is counted, logged and noted."""
        log.warning("%s: the check of %s is left out: %s", model, when(due), why)
        with self._lock:
            watched = self._lines.get(model)
            if watched is not None:
                watched.missed += kind is Kind.CHECK_MISSED
                watched.overrun += kind is Kind.CHECK_OVERRUN
        note(model, kind, {"due": due.isoformat(), "reason": why})

    def tell(self, notice: Notice, kind: str) -> None:
        """Log and note a piece of news once; send it as often as it is to be repeated, which the ledger knows."""
        watched = self.get(notice.model)
        if watched is None:
            return
        if notice.key not in watched.told:
            watched.told.add(notice.key)
            log.error("%s: %s", notice.title, notice.body)
            note(notice.model, kind, {"reason": notice.body})
        if watched.project.notify.urls:
            self._aside.submit(self._send, watched.project, notice)

    def _send(self, project: Project, notice: Notice) -> None:
        """Send a notice once, whatever the state of the ledger. Only the thread `aside` runs this."""
        wanted, now = project.notify, datetime.now(UTC)
        earlier = sorted(((moment, key) for key, moment in self._sent.items()), reverse=True)
        try:
            with closing(Ledger(home.ledger_url())) as ledger:
                unrecorded = announce.deliver(wanted, notice, ledger, earlier)
        except LedgerError:
            # Without a ledger only the memory of this process prevents repetitions.
            news = notice.kind in wanted.on and notices.is_news(notice, earlier, now, wanted.repeat_after)
            unrecorded = news and announce.send(wanted, notice) > 0
        except Exception as error:
            # Without its text, which may contain a URL with its secret.
            log.warning("%s: this notification was not sent: %s", notice.title, type(error).__name__)
            return
        if unrecorded:
            self._sent[notice.key] = now


def note(model: str, kind: str, payload: dict[str, Any]) -> None:
    """Write an event into the ledger; a ledger that is away stops nothing."""
    try:
        with closing(Ledger(home.ledger_url())) as ledger:
            ledger.note(model, kind, payload, datetime.now(UTC))
    except Exception as error:
        log.warning("%s: %s could not be noted: %s", model, kind, type(error).__name__)


def when(moment: datetime) -> str:
    """Spell a moment for the log."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _newest_row(model: str) -> datetime | None:
    from driftloop.pipelines import registry

    try:
        champion = registry.aliased(model, registry.CHAMPION)
    except Exception:
        return None  # it is told by the check that needs it
    return champion.newest_row if champion else None
