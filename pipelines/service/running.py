"""Checks side by side within a limit, one of a model at a time. Knows not what a check is, nor when one is due."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

Why = Literal["schedule", "arrival", "poll", "http"]
Answer = Literal["queued", "again", "overrun", "stopping"]
log = logging.getLogger("driftloop.service")


@dataclass(frozen=True)
class Asked:
    """A wish for a check: of which model, why, and when it was due. `started` is there once it runs."""

    model: str
    why: Why
    due: datetime
    started: datetime | None = None


@dataclass(frozen=True)
class Ended:
    """A check that came to its end: what it gave, or the error that it ended in."""

    asked: Asked
    ended: datetime
    result: Any = None
    error: BaseException | None = None


def _clock() -> datetime:
    return datetime.now(UTC)


class Runner:
    """Runs `work` for each wish in one of `workers` threads, and tells `ended` of every end.

    A model has at most one check running and one waiting. A wish by the schedule for a model that is not done with the
    last one is an overrun: it is left out. Rows that arrive meanwhile are not in the check that runs, so they get one
    after it. The threads are daemons: a check that hangs does not keep the process from its end.
    """

    def __init__(
        self,
        work: Callable[[Asked], Any],
        ended: Callable[[Ended], None],
        *,
        workers: int,
        clock: Callable[[], datetime] = _clock,
    ) -> None:
        self._work, self._ended, self._clock = work, ended, clock
        self._change = threading.Condition()
        self._waiting: deque[Asked] = deque()
        self._running: dict[str, Asked] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"check-{at}", daemon=True) for at in range(1, workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, asked: Asked) -> Answer:
        """Take a wish, or say why not. Returns at once."""
        with self._change:
            if self._stopping:
                return "stopping"
            waits = any(other.model == asked.model for other in self._waiting)
            runs = asked.model in self._running
            if waits or (runs and asked.why == "schedule"):
                # What waits will see all rows that are there when it starts.
                return "overrun" if asked.why == "schedule" else "queued"
            self._waiting.append(asked)
            self._change.notify_all()
            return "again" if runs else "queued"

    def running(self) -> tuple[Asked, ...]:
        """The checks that run now."""
        with self._change:
            return tuple(self._running.values())

    def waiting(self) -> tuple[str, ...]:
        """The models whose check waits for a worker, or for the one before it."""
        with self._change:
            return tuple(asked.model for asked in self._waiting)

    def stop(self) -> tuple[str, ...]:
        """Start nothing any more; gives the models whose check was waiting and is given up."""
        with self._change:
            self._stopping = True
            left = tuple(asked.model for asked in self._waiting)
            self._waiting.clear()
            self._change.notify_all()
            return left

    def idle(self, within_seconds: float) -> bool:
        """Wait until nothing runs or waits; False if something still does after so long."""
        with self._change:
            return self._change.wait_for(lambda: not self._running and not self._waiting, within_seconds)

    def _serve(self) -> None:
        while (asked := self._next()) is not None:
            result, error = None, None
            try:
                result = self._work(asked)
            except BaseException as raised:
                error = raised
            try:
                self._ended(Ended(asked, self._clock(), result, error))
            except Exception:
                # A worker less would be noticed by nobody.
                log.exception("%s: how its check ended could not be taken in", asked.model)
            finally:
                with self._change:
                    del self._running[asked.model]
                    self._change.notify_all()

    def _next(self) -> Asked | None:
        with self._change:
            while True:
                ready = next((asked for asked in self._waiting if asked.model not in self._running), None)
                if ready is not None:
                    self._waiting.remove(ready)
                    started = replace(ready, started=self._clock())
                    self._running[ready.model] = started
                    return started
                if self._stopping:
                    return None
                self._change.wait()
