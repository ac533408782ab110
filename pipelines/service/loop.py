"""The service: polls files, tables and the clock, starts checks, and shuts down. Judges nothing itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from driftloop.monitoring.errors import LeaseLost, LedgerError
from driftloop.monitoring.ledger import Kind, members
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.timing import last_due
from driftloop.pipelines.requests import owning
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service import checks
from driftloop.pipelines.service.board import Board, note, when
from driftloop.pipelines.service.clock import Clock
from driftloop.pipelines.service.endpoint import Answers
from driftloop.pipelines.service.fleet import LEASE_SECONDS, Fleet
from driftloop.pipelines.service.health import health
from driftloop.pipelines.service.pages import page
from driftloop.pipelines.service.polling import Polling
from driftloop.pipelines.service.roster import Roster
from driftloop.pipelines.service.running import CheckEnd, CheckRequest, Runner, Why
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.service.watching import Watch
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.model_status import ModelStatus

RESTLESS_SECONDS, CALM_SECONDS = 0.25, 2.0
# How long a model that cannot be watched here is left to other services.
REFUSED = timedelta(minutes=10)
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
        lease_seconds: float = LEASE_SECONDS,
        check: Callable[[Project], Check] = checks.check,
        preload: Callable[[Iterable[Project]], None] = checks.preload,
    ) -> None:
        self._check, self._preload = check, preload
        self._roster = Roster(places)
        self._untaken: dict[str, Project] = {}
        self._refused: dict[str, datetime] = {}
        self._wake, self._stop, self._immediately = threading.Event(), threading.Event(), threading.Event()
        self._started = threading.Event()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._board = Board(self._background)
        self._clock = Clock(self._is_due, self._was_missed)
        self._runner = Runner(self._work, self._has_ended, workers=workers)
        self._watch = Watch(self._wake.set)
        self._fleet = Fleet(self._runner.withdraw, self._wake.set, lease_seconds=lease_seconds)
        self._polling = Polling(self._board, self._background, self._ask, self.statuses, self._stop.is_set)
        self.answers = Answers(
            health=self._health,
            metrics=self._metrics,
            models=self._models,
            check=self._on_request,
            page=lambda parts: page(parts, home.home()),
            elsewhere=self._elsewhere,
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
        self._fleet.leave()
        left, running = self._runner.stop(), self._runner.running()
        for model in left:
            log.info("%s: its check had not started; it runs at the next start", model)
        for request in running:
            log.info("%s: waiting for the running check to end; a second signal interrupts it", request.model)
        until = time.monotonic() + patience_seconds
        while not self._runner.idle(0.1):
            if self._immediately.is_set() or time.monotonic() > until:
                self._cut_off()
                self._fleet.end()
                return False
        self._fleet.end()
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
        now, polling = datetime.now(UTC), self._polling
        steps = (self._look_at_files, polling.look_at_arrivals, polling.look_at_tables, polling.look_for_silence)
        for step in steps:
            try:
                step(now)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
                name = step.__name__.strip("_")
                polling.log_once(step.__name__, f"{name} failed and will be retried: {problem}")

    def _look_at_files(self, now: datetime) -> None:
        changes = self._roster.look(now)
        for broken in changes.broken:
            owned = broken.model is not None and self._fleet.claim(broken.model) is not None
            kept = f"\n  {broken.model} keeps using its last valid config" if broken.model else ""
            log.error("%s%s", broken.why, kept)
            if broken.model and owned:
                note(broken.model, "config_broken", {"file": broken.file, "reason": broken.why})
        for model in changes.dropped:
            log.info("%s: its file was removed; it is no longer watched", model)
            self._drop(model)
        if changes.taken:
            with self._polling.alone("all models"):
                self._preload(changes.taken)
        looked = self._fleet.looked.is_set()
        self._share({project.model: project for project in changes.taken}, now)
        for model, project in tuple(self._untaken.items()):
            # For example the ledger is unavailable, or a variable is not set: the others are watched, this is retried.
            try:
                self._take(project, now)
                del self._untaken[model]
            except Exception as error:
                self._polling.log_once(model, f"{model}: cannot be watched yet, will be retried: {error}")
                self._refuse(model, error)
        folders = frozenset((place if place.is_dir() else place.parent, False) for place in self._roster.places)
        for watched in self._board.all():
            with self._polling.alone(watched.project.model):
                folders |= {watched.arrivals.root} if watched.arrivals else set()
        self._watch.set(folders)
        if looked:
            self._started.set()

    def _share(self, changed: dict[str, Project], now: datetime) -> None:
        """Offer all models to the fleet; watch those that this service has come to own, and drop the others."""
        known = self._roster.models()
        for model in [model for model, until in self._refused.items() if until <= now or model in changed]:
            del self._refused[model]
        self._fleet.offer({model: project for model, project in known.items() if model not in self._refused})
        moves = self._fleet.moves()
        for model in moves.lost:
            log.info("%s: given back; another service checks it now", model)
            self._drop(model)
        owned = moves.gained | {model for model in changed if self._fleet.claim(model) is not None}
        self._untaken |= {model: known[model] for model in owned if model in known}

    def _drop(self, model: str) -> None:
        self._clock.drop(model)
        self._board.drop(model)
        self._untaken.pop(model, None)

    def _refuse(self, model: str, error: Exception) -> None:
        """Leave a model that cannot be watched here to another service, if one can check it."""
        if not isinstance(error, LedgerError) and self._fleet.others(model):
            self._refused[model] = datetime.now(UTC) + REFUSED
            self._drop(model)

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
        due = last_due(schedule, watched.last.started if watched.last else watched.since, now)
        if watched.last is None and schedule.every is not None:
            due = now  # an interval starts with its first check
        if due is not None and now - due <= schedule.grace:
            self._is_due(model, due)
        elif due is not None:
            self._was_missed(model, due)

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
        claim = self._fleet.claim(request.model)
        if watched is None or claim is None:
            return None  # its file was removed while it waited, or another service checks it now
        log.info("%s: check (%s)", request.model, request.why)
        with owning.owning(claim):
            return self._check(watched.project)

    def _has_ended(self, end: CheckEnd) -> None:
        model = end.request.model
        if end.result is None and end.error is None:
            return  # it was not run
        claim = self._fleet.claim(model)
        if isinstance(end.error, LeaseLost) and end.error.resource in {f"check/{model}", f"{members.OWNED}{model}"}:
            # Whoever owns it next reads from the ledger what the other process did.
            log.warning("%s: its check was given up: %s", model, end.error)
            if claim is not None:
                self._fleet.forget(claim)
            return
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
        fleet, stopping = self._fleet.status(), self._stop.is_set()
        status, body = health(self.statuses(), broken, datetime.now(UTC), fleet, stopping=stopping)
        # Until the models are loaded, none can have a problem.
        starting = not self._started.is_set() and not self._stop.is_set()
        return (503, {**body, "status": "starting"}) if starting else (status, body)

    def _metrics(self) -> bytes:
        return metrics(self.statuses(), datetime.now(UTC), self._fleet.status())

    def _elsewhere(self, model: str) -> str | None:
        owner = self._fleet.status().owners.get(model)
        return owner.name if owner is not None and not owner.this else None

    def _models(self) -> tuple[str, ...]:
        return tuple(watched.project.model for watched in self._board.all())
