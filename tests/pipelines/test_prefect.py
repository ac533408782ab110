"""What a Prefect user expects to see, each on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter, TaskRunFilterFlowRunId

from driftloop.monitoring.errors import UnknownModel
from driftloop.monitoring.records import Check, Outcome, Window
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream

Make = Callable[..., Any]
ALWAYS = [{"policy": "always"}]


def flow_runs(**where: Any) -> list[Any]:
    with get_client(sync_client=True) as client:
        return list(client.read_flow_runs(flow_run_filter=FlowRunFilter(**where)))


def task_runs(flow_run_id: str, at_least: int = 1) -> list[Any]:
    """Task runs are recorded from events, a moment later."""
    with get_client(sync_client=True) as client:
        for _ in range(100):
            wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[UUID(flow_run_id)]))
            found = list(client.read_task_runs(task_run_filter=wanted))
            if len(found) >= at_least and all(run.state and run.state.is_final() for run in found):
                return found
            time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def judged(trained: Make) -> Check:
    """A steady check with a whole report, for all who look at what it left."""
    check: Check = trained(drift__report_columns=20).check(day(35))
    assert check.outcome is Outcome.STEADY, check.reason
    return check


TWICE = """
import contextlib, sys
from driftloop.pipelines.cli import main
for now in ("2026-01-22", "2026-02-05"):
    with contextlib.suppress(SystemExit):
        main(["check", sys.argv[1], "--now", now, "--json"])
"""


def test_runs_logs_and_links_survive_into_a_later_server(
    process: Callable[..., Any], seeded: Callable[[Path], Path], tmp_path: Path
) -> None:
    """What ran without any server is all there in a `prefect server` started later on the same home."""
    from tests.streams import write

    home = seeded(tmp_path / "home")
    file = write(tmp_path, stream(), policies__triggers=ALWAYS)
    done = process("-c", TWICE, file, python=True, DRIFTLOOP_HOME=str(home))
    output = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(output) == 2, done.stderr
    assert output[1]["outcome"] in {"promoted", "rejected"}
    runs, links, logs = _seen_by_a_server(home / "prefect")
    states = {run["id"]: run["state"]["type"] for run in runs}
    assert states[output[0]["prefect_flow_run_id"]] == "COMPLETED"
    assert states[output[1]["prefect_flow_run_id"]] == "COMPLETED"
    assert len(states) == 4, "two checks and two trainings"
    assert all(state == "COMPLETED" for state in states.values())
    children = [run for run in runs if run.get("parent_task_run_id")]
    assert len(children) == 2, "a training is a subflow of its check"
    assert any(link["task_inputs"].get("frame") or link["task_inputs"].get("parts") for link in links)
    assert any("reference" in log["message"] or "retrain" in log["message"] for log in logs)


def _seen_by_a_server(prefect_home: Path) -> tuple[list[Any], list[Any], list[Any]]:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "PREFECT_HOME": str(prefect_home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    env.pop("PREFECT_API_URL", None)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2)
                break
            except OSError:
                time.sleep(0.1)

        def ask(path: str) -> list[Any]:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/{path}/filter", b"{}", {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                return list(json.load(answer))

        return ask("flow_runs"), ask("task_runs"), ask("logs")
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_an_error_in_a_task_shows_everywhere(trained: Make, tmp_path: Path) -> None:
    """A failure is a failed run with its reason in Prefect, MLflow and our record; the next check is unharmed."""
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines import registry
    from driftloop.pipelines.runtime import home

    frame = stream()
    made = Model(tmp_path)
    made.name = trained().name
    made.given(**SMALL)
    with pytest.raises(Exception, match=r"rows\.parquet"):
        made.check(day(35))
    failed = Ledger(home.ledger_url()).checks(made.name)[0]
    assert failed.outcome is Outcome.FAILED
    assert "rows.parquet" in failed.reason
    run = registry.client().get_run(str(failed.mlflow_run_id))
    assert run.info.status == "FAILED"
    assert "rows.parquet" in run.data.tags["driftloop.error"]
    (flow_run,) = flow_runs(id={"any_": [failed.prefect_flow_run_id]})
    assert flow_run.state.is_failed()
    assert "rows.parquet" in flow_run.state.message
    made.given(frame)
    assert made.check(day(35)).outcome is Outcome.STEADY


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"dry_run": "1a"}, "dry_run"), ({"now": "yesterday"}, "now"), ({"config": "nowhere.yaml"}, "nowhere")],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(model: Make, wrong: dict[str, Any], named: str) -> None:
    """Typed parameters refuse nonsense, the run is marked failed and no task has started."""
    from driftloop.pipelines.flows.monitoring import monitoring_flow

    made = model(stream())
    before = {run.id for run in flow_runs()}
    with pytest.raises(Exception, match=named) as caught:
        monitoring_flow(**{"config": str(made.file), "now": day(21), **wrong})
    assert type(caught.value).__name__ in {"ParameterTypeError", "UnknownModel", "ValidationError"}
    (run,) = [run for run in flow_runs() if run.id not in before]
    assert run.state.is_failed()
    assert task_runs(str(run.id), at_least=0) == []
    assert made.champion() is None


def test_an_unknown_model_names_what_there_is(tmp_path: Path) -> None:
    """A config that is not there is reported with the ones that are."""
    from driftloop.pipelines.config.project import load
    from tests.streams import write

    write(tmp_path)
    with pytest.raises(UnknownModel, match=r"model\.yaml"):
        load(tmp_path / "modle.yaml")


def test_complex_parameters_are_typed(model: Make) -> None:
    """A config arrives as a validated project, a window as a window; Prefect shows both, with no secret in them."""
    made = model(stream(), source={"path": "${ROWS:-rows.parquet}"})
    check = made.check(day(21))
    (run,) = flow_runs(id={"any_": [check.prefect_flow_run_id]})
    assert run.parameters["now"].startswith("2026-01-22")
    children = [
        r for r in flow_runs() if r.parent_task_run_id and r.parameters.get("config", {}).get("model") == made.name
    ]
    assert len(children) == 1
    assert Window.model_validate(children[0].parameters["window"]).end == day(21)
    assert children[0].parameters["config"]["source"]["path"] == "${ROWS:-rows.parquet}"


def test_tasks_are_small_and_named(judged: Check) -> None:
    """One sees where the time went: every step is a task of its own, and data passed on is a dependency."""
    found = task_runs(str(judged.prefect_flow_run_id), at_least=8)
    steps = {run.name.rsplit("-", 1)[0] for run in found}
    assert steps >= {
        "find champion",
        "read rows",
        "read reference",
        "preflight",
        "score rows",
        "measure drift",
        "save report",
    }
    linked = {run.name.rsplit("-", 1)[0] for run in found if any(run.task_inputs.values())}
    assert {"preflight", "score rows", "measure drift"} <= linked


def test_the_same_rows_are_scored_once(trained: Make) -> None:
    """A second run on the same rows, champion and settings states cached; other rows are computed."""
    made = trained()
    first = made.check(day(33), dry_run=True)
    again = made.check(day(33), dry_run=True)
    other = made.check(day(34), dry_run=True)
    assert (first.cached, again.cached, other.cached) == (False, True, False)
    assert first.columns == again.columns
    states = {
        run.name.rsplit("-", 1)[0]: run.state.name for run in task_runs(str(again.prefect_flow_run_id), at_least=8)
    }
    assert states["measure drift"] == states["score rows"] == states["read reference"] == "Cached"


def test_prefect_and_mlflow_name_each_other(judged: Check) -> None:
    """From the flow run one finds the MLflow run, and from there back; the artifact shows verdict and report."""
    from driftloop.pipelines import registry

    check = judged
    run = registry.client().get_run(str(check.mlflow_run_id))
    assert run.info.status == "FINISHED"
    assert run.data.tags["prefect.flow_run_id"] == check.prefect_flow_run_id
    assert run.data.tags["driftloop.outcome"] == "steady"
    assert run.data.metrics["drift_share"] == check.drift_share
    (flow_run,) = flow_runs(id={"any_": [check.prefect_flow_run_id]})
    assert flow_run.labels["mlflow.run_id"] == check.mlflow_run_id
    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    (artifact,) = [a for a in found if str(a.flow_run_id) == check.prefect_flow_run_id]
    data = str(artifact.data)
    assert "steady" in data
    assert str(check.mlflow_run_id) in data
    assert Path(str(check.report)).as_uri() in data
    names = {file.path for file in registry.client().list_artifacts(str(check.mlflow_run_id))}
    # A steady check leaves no second copy of its page.
    assert names == {"check.json"}


def test_eight_trials_on_four_threads_leave_eight_finished_runs(model: Make) -> None:
    """Concurrent trials log each into its own nested run, with its own numbers, and none stays RUNNING."""
    from driftloop.pipelines import registry

    space = {"n_estimators": [5, 60], "max_depth": [2, 6]}
    made = model(stream(), training__search={"trials": 8, "threads": 4, "space": space})
    check = made.check(day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED
    client = registry.client()
    runs = client.search_runs([registry.experiment(made.name)], "tags.`driftloop.kind` = 'trial'")
    assert len(runs) == 8
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {check.retrain.mlflow_run_id}
    assert all(set(run.data.metrics) == {"loss"} and set(run.data.params) == set(space) for run in runs)
    assert len({run.data.tags["thread"] for run in runs}) > 1, "several threads were at work"
    _numbers_are_their_own(made, runs)
    everything = client.search_runs([registry.experiment(made.name)])
    assert {run.info.status for run in everything} == {"FINISHED"}


def _numbers_are_their_own(made: Any, runs: list[Any]) -> None:
    """Fit two of the trials again, one after the other: the logged loss is the one of the logged parameters."""
    import numpy as np

    from driftloop.monitoring.losses import named
    from driftloop.monitoring.windows import current_window, training_window
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.flows.reading import read
    from driftloop.pipelines.training.fit import fit
    from driftloop.pipelines.training.steps import divide

    project = load(made.file)
    window = training_window(
        current_window(day(21), project.windows), project.columns.label_delay, project.training.window
    )
    train = divide(project, read.fn(Query(project, window, project.folder)).frame, window).train
    cut = int(len(train) * 0.8)
    learn, tell = train.iloc[:cut], train.iloc[cut:]
    for run in runs[:2]:
        params = {name: int(value) for name, value in run.data.params.items()}
        columns = project.columns
        scorer = fit(
            learn,
            learn["y"],
            columns.numeric,
            columns.categorical,
            project.task,
            project.training,
            params,
            named("mae"),
        )
        loss = named("mae").rows(tell["y"].to_numpy(), scorer.predict(tell)).mean()
        assert np.isclose(run.data.metrics["loss"], loss, rtol=1e-5)
