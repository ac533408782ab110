"""Pool of check workers: at most one check per model at a time. Independent of what a check does and when it is due."""

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
class CheckRequest:
    """A request for a check: its model, its reason, and when it was due. `started` is set once it runs."""

    model: str
    why: Why
    due: datetime
    started: datetime | None = None


@dataclass(frozen=True)
class CheckEnd:
    """End of a check: its result, or the error that it raised."""

    request: CheckRequest
    ended: datetime
    result: Any = None
    error: BaseException | None = None


def _clock() -> datetime:
    return datetime.now(UTC)


class Runner:
    """Runs `work` for each request in one of `workers` threads, and calls `ended` at every end.

    A model has at most one check running and one waiting. A scheduled request for a model whose last check is still
    running is an overrun: it is skipped. Rows that arrive meanwhile are not in the running check, so another check
    follows. The threads are daemons: a check that hangs does not keep the process alive.
    """

    def __init__(
        self,
        work: Callable[[CheckRequest], Any],
        ended: Callable[[CheckEnd], None],
        *,
        workers: int,
        clock: Callable[[], datetime] = _clock,
    ) -> None:
        self._work, self._ended, self._clock = work, ended, clock
        self._change = threading.Condition()
        self._waiting: deque[CheckRequest] = deque()
        self._running: dict[str, CheckRequest] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"check-{at}", daemon=True) for at in range(1, workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, request: CheckRequest) -> Answer:
        """Accept a request, or return why not. Does not wait."""
        with self._change:
            if self._stopping:
                return "stopping"
            waits = any(other.model == request.model for other in self._waiting)
            runs = request.model in self._running
            if waits or (runs and request.why == "schedule"):
                # The waiting check will read all rows that exist when it starts.
                return "overrun" if request.why == "schedule" else "queued"
            self._waiting.append(request)
            self._change.notify_all()
            return "again" if runs else "queued"

    def running(self) -> tuple[CheckRequest, ...]:
        """Return the running checks."""
        with self._change:
            return tuple(self._running.values())

    def waiting(self) -> tuple[str, ...]:
        """Return the models whose check waits for a worker, or for the previous check."""
        with self._change:
            return tuple(request.model for request in self._waiting)

    def withdraw(self, model: str) -> bool:
        """Discard the waiting check of a model; False if one runs, or if a user waits for it.

        What was due or has arrived is seen again by the service that checks the model next.
        """
        with self._change:
            if model in self._running or any(one.model == model and one.why == "http" for one in self._waiting):
                return False
            self._waiting = deque(one for one in self._waiting if one.model != model)
            return True

    def stop(self) -> tuple[str, ...]:
        """Start no more checks; return the models whose waiting check is discarded."""
        with self._change:
            self._stopping = True
            left = tuple(request.model for request in self._waiting)
            self._waiting.clear()
            self._change.notify_all()
            return left

    def idle(self, within_seconds: float) -> bool:
        """Wait until nothing runs or waits; return False if something still does after `within_seconds`."""
        with self._change:
            return self._change.wait_for(lambda: not self._running and not self._waiting, within_seconds)

    def _serve(self) -> None:
        while (request := self._next()) is not None:
            result, error = None, None
            try:
                result = self._work(request)
            except BaseException as raised:
                error = raised
            try:
                self._ended(CheckEnd(request, self._clock(), result, error))
            except Exception:
                # Nothing would report the loss of a worker.
                log.exception("%s: the result of its check could not be processed", request.model)
            finally:
                with self._change:
                    del self._running[request.model]
                    self._change.notify_all()

    def _next(self) -> CheckRequest | None:
        with self._change:
            while True:
                ready = next((request for request in self._waiting if request.model not in self._running), None)
                if ready is not None:
                    self._waiting.remove(ready)
                    started = replace(ready, started=self._clock())
                    self._running[ready.model] = started
                    return started
                if self._stopping:
                    return None
                self._change.wait()
