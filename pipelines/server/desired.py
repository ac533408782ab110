"""Desired objects on a Prefect server: deployments, schedules, automations. Nothing is read or sent here."""

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
# Start of all intervals: any fixed time, so that a second deploy changes nothing.
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Deployment:
    """One deployment: a flow with its parameters and schedules."""

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
    """Return the deployment of scheduled checks; a retrain is requested and left to `training`."""
    return Deployment(
        "monitoring",
        project.model,
        f"{FLOWS}.monitoring_flow",
        f"Checks the model {project.model}.",
        {"config": str(project.file.resolve()), "train": "request"},
        schedules(project.schedule),
    )


def training(project: Project) -> Deployment:
    """Return the deployment of training runs. It has no schedule: an event starts it, or the sweep."""
    return Deployment(
        "training",
        project.model,
        f"{FLOWS}.training_flow",
        f"Trains a challenger for {project.model} when a check requests it.",
        {"config": str(project.file.resolve())},
    )


def promotion(project: Project) -> Deployment | None:
    """Return the deployment for manual approval in Prefect's UI, with `promotion: manual`: run it with the version."""
    if not project.promotion.manual:
        return None
    return Deployment(
        "promotion",
        project.model,
        f"{FLOWS}.promotion_flow",
        f"Approves or declines a pending challenger of {project.model}.",
        {"model": project.model},
    )


def sweep(every: timedelta) -> Deployment:
    """Return the deployment of the sweep over all models, which makes up for lost events."""
    clock = IntervalSchedule(interval=every, anchor_date=ANCHOR, timezone="UTC")
    return Deployment(
        "driftloop", "sweep", f"{FLOWS}.sweep", "Starts training runs for unclaimed requests.", schedules=(clock,)
    )


def schedules(schedule: Schedule) -> tuple[CronSchedule | IntervalSchedule, ...]:
    """Return the schedule of a model as Prefect's; none if only arriving rows start a check.

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
    """Return the automations of a model: a request starts the training run, arrived rows start a check."""
    request_id = {"__prefect_kind": "jinja", "template": "{{ event.payload.request_id }}"}
    requested = RunDeployment(deployment_id=trainings, parameters={"request_id": request_id})
    arrived = RunDeployment(deployment_id=checks, parameters={})
    return (
        _automation(model, f"training/{model}", events.RETRAIN_REQUESTED, requested),
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
