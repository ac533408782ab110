"""The service: polls files, tables and the clock, starts checks, and shuts down. Judges nothing itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from driftloop.monitoring.ledger import Kind
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.timing import last_due
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service import checks
from driftloop.pipelines.service.board import Board, note, when
from driftloop.pipelines.service.clock import Clock
from driftloop.pipelines.service.endpoint import Answers
from driftloop.pipelines.service.freshness import ROWS_SILENT
from driftloop.pipelines.service.health import health
from driftloop.pipelines.service.pages import page
from driftloop.pipelines.service.roster import Roster
from driftloop.pipelines.service.running import CheckEnd, CheckRequest, Runner, Why
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.service.watching import Watch
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import ModelStatus, overdue_notice

RESTLESS_SECONDS, CALM_SECONDS = 0.25, 2.0
log = logging.getLogger("driftloop.service")


class Service:
    """Watches the models of some folders until `stop`.

    The caller's thread polls files, folders and the time, and alone changes what is watched; workers run the checks;
    one background thread does slow work: it polls sources and sends notifications.
    """

    def __init__(
        self,
        places: Iterable[Path],
        *,
        workers: int = 2,
        check: Callable[[Project], Check] = checks.check,
        preload: Callable[[Iterable[Project]], None] = checks.preload,
    ) -> None:
        self._check, self._preload = check, preload
        self._roster = Roster(places)
        self._untaken: dict[str, Project] = {}
        self._logged: dict[str, str] = {}
        self._wake, self._stop, self._immediately = threading.Event(), threading.Event(), threading.Event()
        self._started = threading.Event()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._board = Board(self._background)
        self._clock = Clock(self._is_due, self._was_missed)
        self._runner = Runner(self._work, self._has_ended, workers=workers)
        self._watch = Watch(self._wake.set)
        self.answers = Answers(
            health=self._health,
            metrics=self._metrics,
            models=self._models,
            check=self._on_request,
            page=lambda parts: page(parts, home.home()),
        )

    def stop(self) -> None:
        """Stop when the running checks have ended; a second call stops immediately. Fit for a signal handler."""
        if self._stop.is_set():
            self._immediately.set()
        self._stop.set()
        self._wake.set()

    def run(self, patience_seconds: float) -> bool:
        """Serve until `stop`. Returns False if checks were interrupted, after the patience or by a second `stop`."""
        self._clock.start()
        while not self._stop.is_set():
            self._look()
            watched = self._board.all()
            restless = self._roster.restless or any(each.arrivals and each.arrivals.files.restless for each in watched)
            self._wake.wait(RESTLESS_SECONDS if restless else CALM_SECONDS)
            self._wake.clear()
        return self._finish(patience_seconds)

    def _finish(self, patience_seconds: float) -> bool:
        self._watch.stop()
        self._clock.stop()
        left, running = self._runner.stop(), self._runner.running()
        for model in left:
            log.info("%s: its check had not started; it runs at the next start", model)
        for request in running:
            log.info("%s: waiting for the running check to end; a second signal interrupts it", request.model)
        until = time.monotonic() + patience_seconds
        while not self._runner.idle(0.1):
            if self._immediately.is_set() or time.monotonic() > until:
                self._cut_off()
                return False
        # Only now: a check that ends may send notifications. Queued ones are still sent.
        self._background.shutdown(wait=False)
        return True

    def _cut_off(self) -> None:
        running = [request.model for request in self._runner.running()]
        why = "interrupted: the service was stopped before this check ended"
        closed = checks.cut_off()
        log.warning("%s (%s; %d open runs closed as failed)", why, ", ".join(running), closed)
        for model in running:
            note(model, "check_cut_off", {"reason": why})

    # Polling, in the caller's thread

    def _look(self) -> None:
        now = datetime.now(UTC)
        for step in (self._look_at_files, self._look_at_arrivals, self._look_at_tables, self._look_for_silence):
            try:
                step(now)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
                self._log_once(step.__name__, f"{step.__name__.strip('_')} failed and will be retried: {problem}")

    def _log_once(self, about: str, text: str) -> None:
        """Log an error that repeats at every look only once, until it changes."""
        if self._logged.get(about) != text:
            self._logged[about] = text
            log.error("%s", text)

    def _look_at_files(self, now: datetime) -> None:
        changes = self._roster.look(now)
        for broken in changes.broken:
            kept = f"\n  {broken.model} keeps using its last valid config" if broken.model else ""
            log.error("%s%s", broken.why, kept)
            if broken.model:
                note(broken.model, "config_broken", {"file": broken.file, "reason": broken.why})
        for model in changes.dropped:
            log.info("%s: its file was removed; it is no longer watched", model)
            self._clock.drop(model)
            self._board.drop(model)
            self._untaken.pop(model, None)
        self._untaken |= {project.model: project for project in changes.taken}
        if self._untaken:
            with self._alone("all models"):
                self._preload(self._untaken.values())
        for model, project in tuple(self._untaken.items()):
            # For example the ledger is unavailable, or a variable is not set: the others are watched, this is retried.
            try:
                self._take(project, now)
                del self._untaken[model]
            except Exception as error:
                self._log_once(model, f"{model}: cannot be watched yet, will be retried: {error}")
        folders = frozenset((place if place.is_dir() else place.parent, False) for place in self._roster.places)
        for watched in self._board.all():
            with self._alone(watched.project.model):
                folders |= {watched.arrivals.root} if watched.arrivals else set()
        self._watch.set(folders)
        self._started.set()

    def _take(self, project: Project, now: datetime) -> None:
        model, schedule = project.model, project.schedule
        new = self._board.put(project, now)
        watched = self._board.get(model)
        assert watched is not None
        self._clock.set(model, schedule, watched.last.started if watched.last else now)
        due = self._clock.next(model)
        log.info("%s: %s, next check %s", model, "watched" if new else "changed", when(due) if due else "on arrival")
        if new:
            self._catch_up(watched, now)

    def _catch_up(self, watched: Watched, now: datetime) -> None:
        """Run a check that was due while no service ran, if it was due within `schedule.grace`."""
        schedule, model = watched.project.schedule, watched.project.model
        due = last_due(schedule, watched.last.started, now) if watched.last else None
        if watched.last is None and schedule.every is not None:
            due = now  # an interval starts with its first check
        if due is not None and now - due <= schedule.grace:
            self._is_due(model, due)
        elif due is not None:
            self._was_missed(model, due)

    def _look_at_arrivals(self, now: datetime) -> None:
        for watched in self._board.all():
            with self._alone(watched.project.model):
                files = watched.arrivals.look(now) if watched.arrivals else ()
                if files:
                    log.info("%s: %s arrived", watched.project.model, ", ".join(Path(file).name for file in files[:5]))
                    self._ask(watched.project.model, "arrival", now)

    def _look_at_tables(self, now: datetime) -> None:
        for watched in self._board.all():
            with self._alone(watched.project.model):
                if watched.poll is not None and watched.poll.due(watched.project, now):
                    self._background.submit(self._poll, watched)
                if watched.age.due(watched.project, now):
                    self._background.submit(self._look_at_age, watched)

    def _poll(self, watched: Watched) -> None:
        if self._stop.is_set():
            return
        now = datetime.now(UTC)
        try:
            if watched.poll is not None and watched.poll.look(watched.project, now):
                self._ask(watched.project.model, "poll", now)
        except Exception as error:
            log.warning("%s: its source cannot be polled, will be retried: %s", watched.project.model, error)

    def _look_at_age(self, watched: Watched) -> None:
        if self._stop.is_set():
            return
        try:
            notice = watched.age.look(watched.project, datetime.now(UTC))
            if notice is not None:
                self._board.report(notice, ROWS_SILENT)
        except Exception as error:
            log.warning("%s: the age of its newest row is unknown, will be retried: %s", watched.project.model, error)

    def _look_for_silence(self, now: datetime) -> None:
        for status in self.statuses():
            with self._alone(status.model):
                if (overdue := overdue_notice(status, now)) is not None:
                    kind, notice = overdue
                    self._board.report(notice, kind)

    @contextmanager
    def _alone(self, model: str) -> Iterator[None]:
        """Log an error of one model, and continue with the others."""
        try:
            yield
        except Exception as error:
            self._log_once(model, f"{model}: polling failed and will be retried: {type(error).__name__}: {error}")

    # Callbacks of other threads

    def _is_due(self, model: str, due: datetime) -> None:
        if self._ask(model, "schedule", due) == "overrun":
            self._board.skipped(model, due, Kind.CHECK_OVERRUN, "the previous check was still running")

    def _was_missed(self, model: str, due: datetime) -> None:
        self._board.skipped(model, due, Kind.CHECK_MISSED, "it could not start within schedule.grace")

    def _on_request(self, model: str) -> str:
        return self._ask(model, "http", datetime.now(UTC))

    def _ask(self, model: str, why: Why, due: datetime) -> str:
        return self._runner.ask(CheckRequest(model=model, why=why, due=due))

    def _work(self, request: CheckRequest) -> Any:
        watched = self._board.get(request.model)
        if watched is None:
            return None  # its file was removed while it waited
        log.info("%s: check (%s)", request.model, request.why)
        return self._check(watched.project)

    def _has_ended(self, end: CheckEnd) -> None:
        model = end.request.model
        if end.error is not None:
            log.error("%s: the check failed: %s: %s", model, type(end.error).__name__, end.error)
        elif isinstance(end.result, Check):
            log.info("%s: %s: %s", model, end.result.outcome.value, end.result.reason)
        self._board.ended(end)
        self._wake.set()

    # Status

    def statuses(self) -> tuple[ModelStatus, ...]:
        """Return the current status of every model, by name."""
        running = {request.model: request.started for request in self._runner.running()}
        waiting = self._runner.waiting()
        broken = {problem.model: problem.why for problem in tuple(self._roster.broken.values())}
        return tuple(
            watched.status(
                running_since=running.get(watched.project.model),
                waits=watched.project.model in waiting,
                due=self._clock.next(watched.project.model),
                broken=broken.get(watched.project.model),
            )
            for watched in self._board.all()
        )

    def _health(self) -> tuple[int, dict[str, Any]]:
        broken = tuple(self._roster.broken.values())
        status, body = health(self.statuses(), broken, datetime.now(UTC), stopping=self._stop.is_set())
        # Until the models are loaded, none can have a problem.
        starting = not self._started.is_set() and not self._stop.is_set()
        return (503, {**body, "status": "starting"}) if starting else (status, body)

    def _metrics(self) -> bytes:
        return metrics(self.statuses(), datetime.now(UTC))

    def _models(self) -> tuple[str, ...]:
        return tuple(watched.project.model for watched in self._board.all())
