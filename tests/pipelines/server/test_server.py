"""Deploying is idempotent: a server is brought to what the files say, and a second time nothing is touched."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from driftloop.monitoring.errors import ServerMissing
from driftloop.pipelines.config.project import load
from driftloop.pipelines.server.server import Done, deploy
from tests.conftest import Model

Make = Callable[..., Model]
FIVE_MINUTES = timedelta(minutes=5)


def put(made: Model, pool: str) -> dict[str, Done]:
    return {one.name: one for one in deploy([load(made.file)], pool, FIVE_MINUTES)}


@pytest.fixture
def pool() -> str:
    return f"pool-{uuid.uuid4().hex[:6]}"


def test_a_second_deploy_changes_nothing(model: Make, pool: str) -> None:
    """Everything is created once; then it is unchanged, down to the moment of its last update on the server."""
    made = model(schedule={"cron": "30 6 * * sat-mon", "time_zone": "Europe/Berlin"})
    first = put(made, pool)
    assert {one.state for name, one in first.items() if made.name in name or name == pool} == {"created"}
    with get_client(sync_client=True) as client:
        before = client.read_deployment_by_name(f"monitoring/{made.name}")
    again = put(made, pool)
    assert {one.state for one in again.values()} == {"unchanged"}
    assert set(again) == {
        pool,
        f"monitoring/{made.name}",
        f"training/{made.name}",
        f"training/{made.name} on driftloop.retrain.requested",
        f"monitoring/{made.name} on driftloop.data.arrived",
        "driftloop/sweep",
    }
    with get_client(sync_client=True) as client:
        after = client.read_deployment_by_name(f"monitoring/{made.name}")
        assert client.read_work_pool(pool).type == "process"
    assert (after.id, after.updated) == (before.id, before.updated)
    (schedule,) = after.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("30 6 * * sat,sun,mon", "Europe/Berlin")
    assert after.parameters == {"config": str(made.file.resolve()), "train": "request"}
    # Anyone who fills Prefect's form gives the path of a file.
    assert after.parameter_openapi_schema is not None
    assert after.parameter_openapi_schema["properties"]["config"]["type"] == "string"


def test_the_newest_content_of_the_file_replaces_the_old(model: Make, pool: str) -> None:
    """Another schedule takes the place of the first, a removed one disappears, and only that deployment is updated."""
    made = model(schedule={"cron": "0 6 * * *"})
    put(made, pool)
    calls = []
    for schedule in ({"every": "6h"}, {"on": {"poll": "5m"}}):
        states = put(made.given(schedule=schedule), pool)
        assert {name for name, one in states.items() if one.state == "updated"} == {f"monitoring/{made.name}"}
        assert {one.state for one in states.values()} == {"updated", "unchanged"}
        with get_client(sync_client=True) as client:
            calls.append([one.schedule for one in client.read_deployment_by_name(f"monitoring/{made.name}").schedules])
    assert [one.interval for one in calls[0]] == [timedelta(hours=6)]
    assert calls[1] == []


def test_approval_is_asked_for_where_challengers_wait(model: Make, pool: str) -> None:
    """With `promotion: manual` the UI has a deployment for a user's word; it goes when challengers wait no longer."""
    made = model(promotion="manual")
    name = f"promotion/{made.name}"
    assert put(made, pool)[name].state == "created"
    with get_client(sync_client=True) as client:
        there = client.read_deployment_by_name(name)
    assert there.parameter_openapi_schema is not None
    assert (there.parameters, there.parameter_openapi_schema["required"]) == (
        {"model": made.name},
        ["model", "version"],
    )
    assert put(made, pool)[name].state == "unchanged"
    assert put(made.given(promotion="automatic"), pool)[name].state == "removed"
    assert name not in put(made, pool)


def test_what_a_user_has_switched_off_stays_off(model: Make, pool: str) -> None:
    """A paused deployment is paused after an update, and a disabled automation is not enabled by another deploy."""
    made = model(schedule={"cron": "0 6 * * *"})
    put(made, pool)
    name = f"training/{made.name} on driftloop.retrain.requested"
    with get_client(sync_client=True) as client:
        (automation,) = client.read_automations_by_name(name)
        client.pause_automation(automation.id)
        client.pause_deployment(client.read_deployment_by_name(f"monitoring/{made.name}").id)
    put(made.given(schedule={"cron": "0 7 * * *"}), pool)
    with get_client(sync_client=True) as client:
        assert client.read_automations_by_name(name)[0].enabled is False
        assert client.read_deployment_by_name(f"monitoring/{made.name}").paused is True


def test_a_server_that_does_not_answer_is_reported(model: Make, pool: str) -> None:
    """The error names the URL that was tried and what to do."""
    made = model()
    gone = {PREFECT_API_URL: "http://127.0.0.1:9/api"}
    with temporary_settings(gone), pytest.raises(ServerMissing, match=r"(?s)127\.0\.0\.1:9/api does not answer.*start"):
        put(made, pool)


def test_without_a_server_the_command_states_what_to_do(process: Callable[..., Any], model: Make) -> None:
    """No URL: three lines on stderr, exit code 1, and one JSON object for who asked for it."""
    done = process("deploy", model().file, "--json")
    assert done.returncode == 1
    assert "PREFECT_API_URL is not set" in json.loads(done.stdout)["reason"]
    assert "prefect server start" in done.stderr
