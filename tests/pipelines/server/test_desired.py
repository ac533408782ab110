"""What is wanted on a server follows from the file alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from driftloop.pipelines.config.project import load
from driftloop.pipelines.server import desired
from tests.streams import write

CHECKS, TRAININGS = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({}, [("0 6 * * *", "UTC")]),
        ({"cron": "0 6 1 * mon", "time_zone": "Asia/Tokyo"}, [("0 6 1 * mon", "Asia/Tokyo")]),
        ({"every": "90m"}, [(timedelta(minutes=90), "UTC")]),
        ({"on": {"arrival": "in/*.parquet"}}, []),
    ],
)
def test_the_clock_of_the_file_is_the_clock_of_the_deployment(tmp_path: Path, schedule: Any, expected: Any) -> None:
    """Cron with its zone, an interval, or nothing where only arriving rows start a check; training has no clock."""
    project = load(write(tmp_path, schedule=schedule))
    made = [(getattr(one, "cron", None) or one.interval, one.timezone) for one in desired.monitoring(project).schedules]
    assert made == expected
    assert desired.training(project).schedules == ()


def test_a_day_or_a_weekday_comes_on_either() -> None:
    """As in cron and in the service: Prefect gets it so."""
    from driftloop.pipelines.config.schedule import Schedule

    (clock,) = desired.schedules(Schedule(cron="0 6 1 * mon"))
    assert clock.day_or is True


def test_a_request_starts_the_training_of_its_model_and_of_no_other() -> None:
    """The event is matched by the model's resource, and the id of the request comes from its payload."""
    asked, arrived = desired.automations("taxi", CHECKS, TRAININGS)
    assert asked.trigger.expect == {"driftloop.retrain.requested"}
    assert arrived.trigger.expect == {"driftloop.data.arrived"}
    for one, deployment in ((asked, TRAININGS), (arrived, CHECKS)):
        assert one.trigger.match.root == {"prefect.resource.id": "driftloop.model.taxi"}
        assert one.actions[0].deployment_id == deployment
    template = {"__prefect_kind": "jinja", "template": "{{ event.payload.request_id }}"}
    assert asked.actions[0].parameters == {"request_id": template}
