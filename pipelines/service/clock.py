"""Clock of the service: APScheduler, which reports when a model is due. It starts no check itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.config.timing import trigger

Callback = Callable[[str, datetime], None]


class Clock:
    """Calls `due` with a model and the time it is due, and `missed` if that is longer ago than its grace.

    Several times that passed meanwhile, for example while the machine slept, become the last of them. The jobs are in
    memory under the models' names: the ledger records which checks have run, and two services with a shared job
    store would run everything twice.
    """

    def __init__(self, due: Callback, missed: Callback) -> None:
        self._due, self._missed = due, missed
        # The job is empty and runs in the scheduler's own thread: its event has the time it was due.
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": DebugExecutor()})
        self._scheduler.add_listener(self._notify, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)

    def set(self, model: str, schedule: Schedule, last: datetime) -> None:
        """Set the schedule of a model; an interval counts from `last`."""
        job_trigger = trigger(schedule, last)
        if job_trigger is None:
            self.drop(model)
            return
        self._scheduler.add_job(
            _nothing,
            job_trigger,
            id=model,
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, int(schedule.grace.total_seconds())),
        )

    def drop(self, model: str) -> None:
        """Remove the schedule of a model."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(model)

    def next(self, model: str) -> datetime | None:
        """Return when the model is due next."""
        job = self._scheduler.get_job(model)
        due = getattr(job, "next_run_time", None)
        return due.astimezone(UTC) if due else None

    def _notify(self, event: JobExecutionEvent) -> None:
        callback = self._missed if event.code == EVENT_JOB_MISSED else self._due
        callback(event.job_id, event.scheduled_run_time.astimezone(UTC))


def _nothing() -> None:
    pass
