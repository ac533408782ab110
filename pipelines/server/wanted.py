"""What a Prefect server is to hold for a model: deployments, schedules, automations. Nothing is asked or sent here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from driftloop.pipelines.config.cron import spelled_out
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.notify import events

FLOWS = "driftloop.pipelines.server.flows"
TAG = "driftloop"
# From where on intervals are counted: any fixed moment, so that a second deploy changes nothing.
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Deployment:
    """One deployment: a flow with its parameters, and when it runs by the clock."""

    flow: str
    name: str
    entrypoint: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    schedules: tuple[CronSchedule | IntervalSchedule, ...] = ()

    @property
    def whole_name(self) -> str:
        return f"{self.flow}/{self.name}"


def monitoring(project: Project) -> Deployment:
    """The checks of a model by its schedule; a retrain is asked for and left to `training`."""
    return Deployment(
        "monitoring",
        project.model,
        f"{FLOWS}.monitoring_flow",
        f"Checks the model {project.model}.",
        {"config": str(project.file.resolve()), "train": "request"},
        schedules(project.schedule),
    )


def training(project: Project) -> Deployment:
    """The trainings of a model. It has no schedule: an event starts it, or the sweep."""
    return Deployment(
        "training",
        project.model,
        f"{FLOWS}.training_flow",
        f"Trains a challenger for {project.model} on a request that a check has made.",
        {"config": str(project.file.resolve())},
    )


def promotion(project: Project) -> Deployment | None:
    """A person's word from Prefect's UI, where challengers wait for one: run it with the version."""
    if project.promotion != "manual":
        return None
    return Deployment(
        "promotion",
        project.model,
        f"{FLOWS}.promotion_flow",
        f"Lets a challenger of {project.model} that waits for approval take over, or declines it.",
        {"model": project.model},
    )


def sweep(every: timedelta) -> Deployment:
    """The sweep over all models: it starts what an event that was lost did not start."""
    clock = IntervalSchedule(interval=every, anchor_date=ANCHOR, timezone="UTC")
    return Deployment(
        "driftloop", "sweep", f"{FLOWS}.sweep", "Takes up requests that nobody works on.", schedules=(clock,)
    )


def schedules(schedule: Schedule) -> tuple[CronSchedule | IntervalSchedule, ...]:
    """The schedule of a model as Prefect's; none where only arriving rows start a check.

    >>> [one.cron for one in schedules(Schedule(cron="30 6 * * sat-mon"))]
    ['30 6 * * sat,sun,mon']
    """
    clock = schedule.clock
    if clock is None:
        return ()
    if isinstance(clock, timedelta):
        return (IntervalSchedule(interval=clock, anchor_date=ANCHOR, timezone="UTC"),)
    return (CronSchedule(cron=spelled_out(clock), timezone=schedule.time_zone, day_or=True),)


def automations(model: str, checks: UUID, trainings: UUID) -> tuple[AutomationCore, ...]:
    """What events start: a request its training, rows that have arrived a check. By the ids of the deployments."""
    request_id = {"__prefect_kind": "jinja", "template": "{{ event.payload.request_id }}"}
    asked = RunDeployment(deployment_id=trainings, parameters={"request_id": request_id})
    arrived = RunDeployment(deployment_id=checks, parameters={})
    return (
        _automation(model, f"training/{model}", events.RETRAIN_REQUESTED, asked),
        _automation(model, f"monitoring/{model}", events.DATA_ARRIVED, arrived),
    )


def _automation(model: str, starts: str, event: str, action: RunDeployment) -> AutomationCore:
    trigger = EventTrigger.model_validate(
        {
            "expect": {event},
            "match": {"prefect.resource.id": events.resource(model)["prefect.resource.id"]},
            "posture": Posture.Reactive,
            "threshold": 1,
            "within": timedelta(),
        }
    )
    return AutomationCore(
        name=f"{starts} on {event}",
        description=f"Runs the deployment {starts} at each event {event} of the model {model}.",
        tags=[TAG],
        trigger=trigger,
        actions=[action],
    )
