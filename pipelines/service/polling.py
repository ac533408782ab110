"""Polling of what models wait for: files, the newest rows of tables, and checks that did not come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from driftloop.pipelines.service.board import Board
from driftloop.pipelines.service.freshness import ROWS_SILENT
from driftloop.pipelines.service.running import Why
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.telemetry.model_status import ModelStatus, overdue_notice

log = logging.getLogger("driftloop.service")


class Polling:
    """Looks at every watched model and asks for checks of those with new rows. Slow looks run in the background."""

    def __init__(
        self,
        board: Board,
        background: ThreadPoolExecutor,
        ask: Callable[[str, Why, datetime], object],
        statuses: Callable[[], Iterable[ModelStatus]],
        stopping: Callable[[], bool],
    ) -> None:
        self._board, self._background, self._ask = board, background, ask
        self._statuses, self._stopping = statuses, stopping
        self._logged: dict[str, str] = {}

    def look_at_arrivals(self, now: datetime) -> None:
        for watched in self._board.all():
            with self.alone(watched.project.model):
                files = watched.arrivals.look(now) if watched.arrivals else ()
                if files:
                    log.info("%s: %s arrived", watched.project.model, ", ".join(Path(file).name for file in files[:5]))
                    self._ask(watched.project.model, "arrival", now)

    def look_at_tables(self, now: datetime) -> None:
        for watched in self._board.all():
            with self.alone(watched.project.model):
                if watched.poll is not None and watched.poll.due(watched.project, now):
                    self._background.submit(self._poll, watched)
                if watched.age.due(watched.project, now):
                    self._background.submit(self._look_at_age, watched)

    def look_for_silence(self, now: datetime) -> None:
        for status in self._statuses():
            with self.alone(status.model):
                if (overdue := overdue_notice(status, now)) is not None:
                    kind, notice = overdue
                    self._board.report(notice, kind)

    @contextmanager
    def alone(self, model: str) -> Iterator[None]:
        """Log an error of one model, and continue with the others."""
        try:
            yield
        except Exception as error:
            self.log_once(model, f"{model}: polling failed and will be retried: {type(error).__name__}: {error}")

    def log_once(self, about: str, text: str) -> None:
        """Log an error that repeats at every look only once, until it changes."""
        if self._logged.get(about) != text:
            self._logged[about] = text
            log.error("%s", text)

    def _poll(self, watched: Watched) -> None:
        if self._stopping():
            return
        now = datetime.now(UTC)
        try:
            if watched.poll is not None and watched.poll.look(watched.project, now):
                self._ask(watched.project.model, "poll", now)
        except Exception as error:
            log.warning("%s: its source cannot be polled, will be retried: %s", watched.project.model, error)

    def _look_at_age(self, watched: Watched) -> None:
        if self._stopping():
            return
        try:
            notice = watched.age.look(watched.project, datetime.now(UTC))
            if notice is not None:
                self._board.report(notice, ROWS_SILENT)
        except Exception as error:
            log.warning("%s: the age of its newest row is unknown, will be retried: %s", watched.project.model, error)
