"""What dead processes left is finished as it would have been; what cannot be is failed with the reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from driftloop.monitoring.ledger import Kind, Ledger, Request, holders, window_key
from driftloop.monitoring.records import Outcome, Retrain, Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.training import carry_out
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.requests.advice import why_no_champion
from driftloop.pipelines.requests.recovery import judged_keys, recover, with_result
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.monitoring.ledger.test_holders import dead
from tests.monitoring.ledger.test_ledger import check, retrain
from tests.streams import day

Make = Callable[..., Model]


@pytest.mark.parametrize(
    ("before", "end", "outcome"),
    [
        (Outcome.HELD, retrain(), Outcome.PROMOTED),
        (Outcome.HELD, retrain(promoted=False), Outcome.REJECTED),
        (Outcome.HELD, retrain(promoted=False, code="no_labels"), Outcome.REJECTED),
        (Outcome.HELD, retrain(promoted=False, code="awaiting_approval"), Outcome.AWAITING_APPROVAL),
        (Outcome.BOOTSTRAPPED, retrain(), Outcome.BOOTSTRAPPED),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False), Outcome.REJECTED),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False, code="no_labels"), Outcome.BAD_DATA),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False, code="too_few_rows"), Outcome.TOO_FEW_ROWS),
    ],
)
def test_the_end_of_a_training_is_the_outcome_of_its_check(before: Outcome, end: Retrain, outcome: Outcome) -> None:
    """Anyone who writes the final outcome, the check itself or the one after it, it is the same word."""
    checked = with_result(check(outcome=before, champion="1", champion_after="1"), end)
    assert (checked.outcome, checked.champion_after) == (outcome, "2" if end.promoted else "1")
    first = before is Outcome.BOOTSTRAPPED
    alone = "the first champion is version 2: made" if end.promoted else why_no_champion(end)
    assert checked.reason == (alone if first else "made. made")


def test_a_check_settles_its_window_for_both_champions(tmp_path: Path) -> None:
    """For the one that it met and the one that it left in place; where there is none there is nothing to settle."""
    observed = check(champion="1", champion_after="2")
    keys = tuple(window_key("taxi", observed.window, number, "d") for number in ("1", "2"))
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        assert judged_keys(ledger, observed, "d") == keys
        assert judged_keys(ledger, check(champion=None, champion_after=None), "d") == ()
        for model_id in ("m-1", "m-2"):
            result = {"version": "1", "model_id": model_id, "request_id": "r", "sealed": "s"}
            ledger.note("taxi", Kind.REGISTERED, result, day(0), subject="1")
        assert judged_keys(ledger, observed, "d")[0] != keys[0], "another registry, another version 1"
        assert judged_keys(ledger, observed, "d")[1] == keys[1]


def test_a_request_of_another_config_is_failed_and_its_check_too(trained: Make) -> None:
    """What was asked for cannot be trained any more: the reason reports it, and the next check asks again if due."""
    made = trained(training__seed=6)
    decided = check(1, Outcome.HELD, model=made.name, champion="1", decision="retrain")
    decided = decided.model_copy(update={"check_id": f"{made.name}-1"})
    asked = Request(
        request_id=made.name,
        model=made.name,
        champion="1",
        window=Window(start=day(0), end=day(21)),
        now=day(22),
        reason="drift",
        settings="of another config",
        check=decided,
    )
    result: list[str] = []
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(asked)
        assert recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out) is None
        assert [row["state"] for row in ledger.requests(made.name)][:1] == ["failed"]
        (last,) = ledger.checks(made.name, most=1)
        assert (last.check_id, last.outcome) == (decided.check_id, Outcome.FAILED)
        assert "the config has changed since the retrain was requested: request it again" in last.reason
        assert result == [f"request {made.name} was interrupted: it is resumed"]
        recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out)
        assert len(result) == 1, "a further run changes nothing"


def test_a_request_in_work_is_left_to_its_holder(trained: Make) -> None:
    """A training that goes on elsewhere, manually say, is neither waited for nor taken over."""
    made = trained(training__seed=6)
    asked = Request(
        request_id=f"{made.name}-held",
        model=made.name,
        champion="1",
        window=Window(start=day(0), end=day(21)),
        now=day(22),
        reason="by hand",
    )
    result: list[str] = []
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(asked)
        with ledger.hold_request(asked.request_id, waiting=None):
            recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out)
            assert result == []
            assert asked in ledger.open_requests(made.name)
        ledger.fail(asked.request_id, "given up by the test")


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
    mine: dict[str, bool | int | float | str] = {evidence.OWNER: holders.me()}
    labels: dict[str, dict[str, bool | int | float | str]] = {
        "check": mine | {evidence.MODEL: made.name},
        "training": mine | {evidence.MODEL: made.name},
        "waits": mine,
        "another model": mine | {evidence.MODEL: "another"},
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


def test_each_flow_run_names_its_owner_from_the_moment_it_is_there(trained: Make) -> None:
    """Check and training carry the owner as a tag, which the request that creates them writes; tasks carry none."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter

    made = trained(training__seed=6)
    with closing(Ledger(home.ledger_url())) as ledger:
        first = ledger.checks(made.name)[-1]
    assert first.retrain is not None
    names = FlowRunFilter.model_validate({"name": {"any_": [first.retrain.request_id]}})
    with get_client(sync_client=True) as client:
        check = client.read_flow_run(UUID(str(first.prefect_flow_run_id)))
        (training,) = client.read_flow_runs(flow_run_filter=names)
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [training.id]}}))
    assert evidence.owner_tag() in check.tags
    assert evidence.owner_tag() in training.tags
    assert tasks
    assert [task.tags for task in tasks] == [[]] * len(tasks)


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
            "tagged": client.create_flow_run(left, state=Pending(), tags=[f"{evidence.OWNER}:{gone}"]),
            "mine": client.create_flow_run(left, state=Running(), tags=[evidence.owner_tag()]),
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
