"""Runs that a dead process left RUNNING are closed, with the process and the reason; runs of a living one are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Ledger, Request, holders
from driftloop.monitoring.records import Retrain, Window
from driftloop.pipelines import registry
from driftloop.pipelines.registry import evidence, flow_runs
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.monitoring.ledger.test_holders import dead
from tests.streams import day

Make = Callable[..., Model]
MODEL = "dead-runs"


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


def opened(name: str, owner: str | None, **tags: str) -> str:
    """A RUNNING run of the model; `owner` replaces the tag of this process, None removes it."""
    run_id = evidence.open_run(MODEL, name, tags=tags)
    registry.client().delete_tag(run_id, flow_runs.OWNER)
    if owner is not None:
        registry.client().set_tag(run_id, flow_runs.OWNER, owner)
    return run_id


def state(run_id: str) -> str:
    return str(registry.client().get_run(run_id).info.status)


def test_only_runs_of_dead_owners_are_closed(ledger: Ledger) -> None:
    """A living owner's run, and one that names none, go on; each closed run is returned with its owner."""
    gone = dead()
    runs = {"dead": opened("dead", gone), "alive": opened("alive", holders.me()), "another tool": opened("t", None)}
    ended = dead_runs.end_mlflow_runs(ledger, ledger.dead, MODEL)
    assert [(one.where, one.run_id, one.owner) for one in ended] == [("mlflow", runs["dead"], gone)]
    assert [state(run) for run in runs.values()] == ["FAILED", "RUNNING", "RUNNING"]
    reason = registry.client().get_run(runs["dead"]).data.tags["driftloop.error"]
    assert reason == f"interrupted: its process ({gone}) ended before the run was finished"
    assert dead_runs.end_mlflow_runs(ledger, ledger.dead, MODEL) == [], "closed once"
    for run in runs.values():
        evidence.close_run(run)


def test_a_finished_training_keeps_its_result(ledger: Ledger) -> None:
    """The ledger has its end: its run is finished with the tags of that end, and is not a failure."""
    run_id = opened("training", dead(), **{"driftloop.request_id": "finished-request"})
    window = Window(start=day(0), end=day(21))
    ledger.request(
        Request(request_id="finished-request", model=MODEL, champion=None, window=window, now=day(22), reason="drift")
    )
    done = Retrain(
        request_id="finished-request",
        code="not_better",
        version=None,
        promoted=False,
        champion_loss=1.0,
        challenger_loss=1.1,
        reason="not better",
        mlflow_run_id=run_id,
    )
    ledger.close_request(done)
    dead_runs.end_mlflow_runs(ledger, ledger.dead, MODEL)
    assert state(run_id) == "FINISHED"


def test_what_this_process_left_running_is_ended_unless_it_is_in_work(trained: Make) -> None:
    """MLflow was unavailable when a check ended: the next one ends its run, and leaves a training in work unchanged."""
    made = trained(training__seed=6)
    window, request_id = Window(start=day(0), end=day(21)), f"{made.name}-in-work"
    asked = Request(request_id=request_id, model=made.name, champion="1", window=window, now=day(22), reason="by hand")
    runs = {"check": evidence.open_run(made.name, "check", tags={"driftloop.kind": "check"})}
    runs["training"] = evidence.open_run(made.name, "training", tags={"driftloop.request_id": request_id})
    runs["trial"] = evidence.open_run(made.name, "trial", tags={}, parent=runs["training"])
    runs["probe"] = evidence.open_run(made.name, "probe", tags={}, parent=runs["check"])

    def states() -> dict[str, str]:
        return {name: registry.client().get_run(run).info.status for name, run in runs.items()}

    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(asked)
        with ledger.hold_request(request_id, waiting=None):
            dead_runs.end_idle_runs(ledger, made.name)
            assert states() == {"check": "FAILED", "training": "RUNNING", "trial": "RUNNING", "probe": "FAILED"}
        ledger.fail(request_id, "given up by the test")
        dead_runs.end_idle_runs(ledger, made.name)
    assert set(states().values()) == {"FAILED"}


def test_flow_runs_that_this_process_left_are_ended_unless_they_are_in_work(trained: Make) -> None:
    """Prefect was unavailable when they ended. One that waits for its turn, or is of another model, stays."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    made = trained(training__seed=6)
    request_id = f"{made.name}-flow-in-work"
    window = Window(start=day(0), end=day(21))
    asked = Request(request_id=request_id, model=made.name, champion="1", window=window, now=day(22), reason="by hand")
    mine: dict[str, bool | int | float | str] = {flow_runs.OWNER: holders.me()}
    labels: dict[str, dict[str, bool | int | float | str]] = {
        "check": mine | {flow_runs.MODEL: made.name},
        "training": mine | {flow_runs.MODEL: made.name},
        "waits": mine,
        "another model": mine | {flow_runs.MODEL: "another"},
    }

    @flow(name="monitoring", validate_parameters=False)
    def left(request_id: str | None = None) -> None:
        """A run of it is never begun."""

    with get_client(sync_client=True) as client, closing(Ledger(home.ledger_url())) as ledger:
        runs = {
            name: client.create_flow_run(
                left, parameters={"request_id": request_id} if name == "training" else {}, state=Running()
            )
            for name in labels
        }
        for name, run in runs.items():
            client.update_flow_run_labels(run.id, labels[name])

        def states() -> dict[str, str]:
            return {name: str(client.read_flow_run(run.id).state_name) for name, run in runs.items()}

        ledger.request(asked)
        with ledger.hold_request(request_id, waiting=None):
            dead_runs.end_idle_runs(ledger, made.name)
            assert states() == dict.fromkeys(labels, "Running") | {"check": "Crashed"}
        ledger.fail(request_id, "given up by the test")
        dead_runs.end_idle_runs(ledger, made.name)
        assert states() == dict.fromkeys(labels, "Running") | {"check": "Crashed", "training": "Crashed"}
        for run in runs.values():
            client.delete_flow_run(run.id)


def test_tasks_of_a_run_that_crashed_are_ended_and_no_others(trained: Make) -> None:
    """Prefect may write down a task's state when its run was ended already: the next one to look ends it."""
    from prefect import flow, task
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import State
    from prefect.states import Crashed, Running

    trained(training__seed=6)

    @flow(name="monitoring")
    def left() -> None:
        """A run of it is never begun."""

    @task(name="read rows")
    def step() -> None:
        """Nor one of this."""

    states: list[State[None]] = [Crashed(), Running()]
    with get_client(sync_client=True) as client, closing(Ledger(home.ledger_url())) as ledger:
        runs = [client.create_flow_run(left, state=state) for state in states]
        tasks = [client.create_task_run(step, flow_run_id=run.id, dynamic_key="0", state=Running()) for run in runs]
        dead_runs.end_dead_runs(ledger)
        assert [client.read_task_run(one.id).state_name for one in tasks] == ["Crashed", "Running"]
        for run in runs:
            client.delete_flow_run(run.id)


def test_runs_that_were_killed_before_they_could_name_themselves_are_ended(
    trained: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag that came with the run is enough. One without an owner is ended once no start could take that long."""
    from prefect import flow, tags
    from prefect.client.orchestration import get_client
    from prefect.states import Pending, Running

    trained(training__seed=6)
    gone = dead()

    @flow(name="training", validate_parameters=False)
    def left() -> None:
        """A run of it is never begun."""

    with get_client(sync_client=True) as client, closing(Ledger(home.ledger_url())) as ledger, tags():
        runs = {
            "tagged": client.create_flow_run(left, state=Pending(), tags=[f"{flow_runs.OWNER}:{gone}"]),
            "mine": client.create_flow_run(left, state=Running(), tags=[flow_runs.owner_tag()]),
            "nobody's": client.create_flow_run(left, state=Pending()),
        }

        def ends() -> dict[str, str]:
            dead_runs.end_dead_runs(ledger)
            return {name: str(client.read_flow_run(run.id).state_name) for name, run in runs.items()}

        assert ends() == {"tagged": "Crashed", "mine": "Running", "nobody's": "Pending"}
        monkeypatch.setattr(dead_runs, "STARTUP_SECONDS", 0)
        monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
        assert ends()["nobody's"] == "Pending"
        monkeypatch.delenv("PREFECT_API_URL")
        assert ends() == {"tagged": "Crashed", "mine": "Running", "nobody's": "Crashed"}
        for run in runs.values():
            client.delete_flow_run(run.id)
