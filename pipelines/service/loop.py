"""The service as a whole: who looks when, what is done about it, and how it comes to its end. Judges nothing itself."""

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
from driftloop.pipelines.service import checks
from driftloop.pipelines.service.board import Board, note, when
from driftloop.pipelines.service.clock import Clock
from driftloop.pipelines.service.endpoint import Answers
from driftloop.pipelines.service.health import health
from driftloop.pipelines.service.metrics import metrics
from driftloop.pipelines.service.roster import Roster
from driftloop.pipelines.service.running import Asked, Ended, Runner, Why
from driftloop.pipelines.service.standing import Standing, news_of
from driftloop.pipelines.service.timing import last_due
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.service.watching import Watch

RESTLESS_SECONDS, CALM_SECONDS = 0.25, 2.0
log = logging.getLogger("driftloop.service")


class Service:
    """Watches the models of some folders until it is told to stop.

    One thread, the caller's, looks at files, folders and the time and does all that changes what is watched; workers
    run the checks; one thread aside does what may take its time, looking into sources and sending news.
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
        self._complaints: dict[str, str] = {}
        self._wake, self._stop, self._at_once = threading.Event(), threading.Event(), threading.Event()
        self._started = threading.Event()
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._board = Board(self._aside)
        self._clock = Clock(self._is_due, self._was_missed)
        self._runner = Runner(self._work, self._has_ended, workers=workers)
        self._watch = Watch(self._wake.set)
        self.answers = Answers(health=self._health, metrics=self._metrics, models=self._models, check=self._by_hand)

    def stop(self) -> None:
        """Stop when the checks that run have ended; told a second time, at once. Fit for a signal handler."""
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()
        self._wake.set()

    def run(self, patience_seconds: float) -> bool:
        """Serve until `stop`. False if checks were still running after the patience, or at a second `stop`."""
        self._clock.start()
        while not self._stop.is_set():
            self._look()
            watched = self._board.all()
            restless = self._roster.restless or any(one.arrivals and one.arrivals.files.restless for one in watched)
            self._wake.wait(RESTLESS_SECONDS if restless else CALM_SECONDS)
            self._wake.clear()
        return self._finish(patience_seconds)

    def _finish(self, patience_seconds: float) -> bool:
        self._watch.stop()
        self._clock.stop()
        left, running = self._runner.stop(), self._runner.running()
        for model in left:
            log.info("%s: its check had not begun; the next start makes it up", model)
        for asked in running:
            log.info("%s: waiting for the running check to end; a second signal cuts it off", asked.model)
        until = time.monotonic() + patience_seconds
        while not self._runner.idle(0.1):
            if self._at_once.is_set() or time.monotonic() > until:
                self._cut_off()
                return False
        # Only now, for a check that ends may have news. What is queued is still sent.
        self._aside.shutdown(wait=False)
        return True

    def _cut_off(self) -> None:
        running = [asked.model for asked in self._runner.running()]
        why = "cut off: the service was stopped before this check ended"
        ended = checks.cut_off()
        log.warning("%s (%s; %d open runs ended as failed)", why, ", ".join(running), ended)
        for model in running:
            note(model, "check_cut_off", {"reason": why})

    # What is looked at now and then, in the caller's thread

    def _look(self) -> None:
        now = datetime.now(UTC)
        for step in (self._look_at_files, self._look_at_arrivals, self._look_at_tables, self._look_for_silence):
            try:
                step(now)
            except Exception as error:
                self._complain(step.__name__, f"a look failed and is tried again: {type(error).__name__}: {error}")

    def _complain(self, about: str, text: str) -> None:
        """Log what goes wrong at every look once, until it goes wrong in another way."""
        if self._complaints.get(about) != text:
            self._complaints[about] = text
            log.error("%s", text)

    def _look_at_files(self, now: datetime) -> None:
        changes = self._roster.look(now)
        for broken in changes.broken:
            log.error("%s%s", broken.why, f"\n  {broken.model} goes on by its last good state" if broken.model else "")
            if broken.model:
                note(broken.model, "config_broken", {"file": broken.file, "reason": broken.why})
        for model in changes.dropped:
            log.info("%s: its file is gone, it is not watched any more", model)
            self._clock.drop(model)
            self._board.drop(model)
            self._untaken.pop(model, None)
        self._untaken |= {project.model: project for project in changes.taken}
        if self._untaken:
            with self._alone("all models"):
                self._preload(self._untaken.values())
        for model, project in tuple(self._untaken.items()):
            # A ledger that is away, or a variable that is not set: the others are watched, and this one is tried again.
            try:
                self._take(project, now)
                del self._untaken[model]
            except Exception as error:
                self._complain(model, f"{model}: it cannot be watched yet: {error}")
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
            self._make_up(watched, now)

    def _make_up(self, watched: Watched, now: datetime) -> None:
        """Run what was due while no service was there, if that is not longer ago than its grace."""
        schedule, model = watched.project.schedule, watched.project.model
        due = last_due(schedule, watched.last.started, now) if watched.last else None
        if watched.last is None and schedule.every is not None:
            due = now  # an interval begins with its first check
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
                    self._aside.submit(self._poll, watched)

    def _poll(self, watched: Watched) -> None:
        if self._stop.is_set():
            return
        now = datetime.now(UTC)
        try:
            if watched.poll is not None and watched.poll.look(watched.project, now):
                self._ask(watched.project.model, "poll", now)
        except Exception as error:
            log.warning("%s: its source cannot be looked at: %s", watched.project.model, error)

    def _look_for_silence(self, now: datetime) -> None:
        for one in self.standings():
            with self._alone(one.model):
                if (news := news_of(one, now)) is not None:
                    kind, notice = news
                    self._board.tell(notice, kind)

    @contextmanager
    def _alone(self, model: str) -> Iterator[None]:
        """Log what goes wrong with one model, and go on with the others."""
        try:
            yield
        except Exception as error:
            self._complain(model, f"{model}: a look failed and is tried again: {type(error).__name__}: {error}")

    # What happens in other threads

    def _is_due(self, model: str, due: datetime) -> None:
        if self._ask(model, "schedule", due) == "overrun":
            self._board.left_out(model, due, Kind.CHECK_OVERRUN, "the check before it had not ended")

    def _was_missed(self, model: str, due: datetime) -> None:
        self._board.left_out(model, due, Kind.CHECK_MISSED, "it could not start within its grace")

    def _by_hand(self, model: str) -> str:
        return self._ask(model, "http", datetime.now(UTC))

    def _ask(self, model: str, why: Why, due: datetime) -> str:
        return self._runner.ask(Asked(model=model, why=why, due=due))

    def _work(self, asked: Asked) -> Any:
        watched = self._board.get(asked.model)
        if watched is None:
            return None  # its file went away while it waited
        log.info("%s: check (%s)", asked.model, asked.why)
        return self._check(watched.project)

    def _has_ended(self, end: Ended) -> None:
        model = end.asked.model
        if end.error is not None:
            log.error("%s: the check failed: %s: %s", model, type(end.error).__name__, end.error)
        elif isinstance(end.result, Check):
            log.info("%s: %s: %s", model, end.result.outcome.value, end.result.reason)
        self._board.ended(end)
        self._wake.set()

    # What is shown

    def standings(self) -> tuple[Standing, ...]:
        """Current status of every model, by name."""
        running = {asked.model: asked.started for asked in self._runner.running()}
        waiting = self._runner.waiting()
        broken = {one.model: one.why for one in tuple(self._roster.broken.values())}
        return tuple(
            watched.standing(
                running_since=running.get(watched.project.model),
                waits=watched.project.model in waiting,
                due=self._clock.next(watched.project.model),
                broken=broken.get(watched.project.model),
            )
            for watched in self._board.all()
        )

    def _health(self) -> tuple[int, dict[str, Any]]:
        broken = tuple(self._roster.broken.values())
        status, body = health(self.standings(), broken, datetime.now(UTC), stopping=self._stop.is_set())
        # Until the models are loaded there is nothing that could be ill.
        starting = not self._started.is_set() and not self._stop.is_set()
        return (503, {**body, "status": "starting"}) if starting else (status, body)

    def _metrics(self) -> bytes:
        return metrics(self.standings(), datetime.now(UTC))

    def _models(self) -> tuple[str, ...]:
        return tuple(watched.project.model for watched in self._board.all())
