"""The running clock of the service: APScheduler, told which model is due when. It starts no check itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.service.timing import trigger

Told = Callable[[str, datetime], None]


class Clock:
    """Calls `due` with a model and the moment it is due, and `missed` where that is longer ago than its grace.

    Several moments that passed unseen, while the machine slept say, become the last one of them. The jobs live in
    memory under the models' names: what was done and what was not stands in the ledger, and two services that share a
    job store would run everything twice.
    """

    def __init__(self, due: Told, missed: Told) -> None:
        self._due, self._missed = due, missed
        # The job is an empty one, done in the scheduler's own thread: its event carries the moment it was due.
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": DebugExecutor()})
        self._scheduler.add_listener(self._tell, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)

    def set(self, model: str, schedule: Schedule, last: datetime) -> None:
        """Let a model be due by this schedule from now on; an interval counts from `last`."""
        made = trigger(schedule, last)
        if made is None:
            self.drop(model)
            return
        self._scheduler.add_job(
            _nothing,
            made,
            id=model,
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, int(schedule.grace.total_seconds())),
        )

    def drop(self, model: str) -> None:
        """Let a model not be due any more."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(model)

    def next(self, model: str) -> datetime | None:
        """When the model is due next."""
        job = self._scheduler.get_job(model)
        found = getattr(job, "next_run_time", None)
        return found.astimezone(UTC) if found else None

    def _tell(self, event: JobExecutionEvent) -> None:
        told = self._missed if event.code == EVENT_JOB_MISSED else self._due
        told(event.job_id, event.scheduled_run_time.astimezone(UTC))


def _nothing() -> None:
    pass
