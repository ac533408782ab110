"""What `pipelines` uses of Prefect beyond flows and tasks, and where an upgrade shows."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from prefect import flow, runtime, tags, task
from prefect.context import TagsContext
from prefect.results import get_result_store

from driftloop.pipelines.runtime.caching import by_content

pytestmark = pytest.mark.usefixtures("prefect")


def test_the_embedded_server_is_made_by_its_app() -> None:
    """`runtime/temporary_server.py` serves `create_app(ephemeral=True, final=True)` in its child."""
    from prefect.server.api.server import create_app

    known = inspect.signature(create_app).parameters
    assert {"ephemeral", "final"} <= set(known), "prefect: create_app changed, see runtime/temporary_server.py"


def test_a_worker_can_run_a_flow_of_the_server_itself() -> None:
    """`server/worker.py` overrides `ProcessWorker.run`, and calls `run_flow` for a run that exists."""
    from prefect.flow_engine import run_flow
    from prefect.workers.process import ProcessWorker

    assert {"flow", "flow_run", "return_type"} <= set(inspect.signature(run_flow).parameters)
    assert list(inspect.signature(ProcessWorker.run).parameters) == ["self", "flow_run", "configuration", "task_status"]
    assert ProcessWorker.type == "process"


def test_tags_of_a_flow_run_are_kept_from_its_tasks() -> None:
    """The run is created with the tags of the block; inside, `TagsContext` clears them for its tasks."""
    found: dict[str, Any] = {}

    @task
    def inner() -> None:
        found["task"] = list(runtime.task_run.tags)

    @flow
    def outer() -> None:
        found["flow"] = list(runtime.flow_run.tags)
        with TagsContext(current_tags=set()):
            inner()

    with tags("owner:me"):
        outer()
    assert "owner:me" in found["flow"], "prefect: a flow run no longer carries the tags of its block"
    assert found["task"] == [], "prefect: TagsContext no longer clears tags, see registry/flow_runs.own_flow_run"


def test_a_kept_result_is_read_by_its_key() -> None:
    """`runtime/caching.py` looks at a kept result before it takes its key, and a free key raises."""
    calls = []

    @task(cache_key_fn=by_content, persist_result=True)
    def counted(key: str) -> int:
        calls.append(key)
        return len(calls)

    @flow
    def twice() -> tuple[int, int, bool]:
        first, second = counted(key="contract"), counted(key="contract")
        return first, second, _free("driftloop-nothing-there")

    first, second, free = twice()
    assert first == second, "prefect: a task with the same key ran again, see runtime/caching.by_content"
    assert calls == ["contract"]
    assert free, "prefect: reading a free key no longer raises, see runtime/caching._usable"


def _free(key: str) -> bool:
    try:
        get_result_store().read(key)
    except Exception:
        return True
    return False


def test_parameters_of_a_flow_have_a_schema() -> None:
    """`server/server.py` gives a deployment the schema of its flow's parameters."""
    from prefect.utilities.callables import parameter_schema

    def example(model: str, now: str | None = None) -> None:
        """Nothing."""

    made = parameter_schema(example)
    assert made.model_dump()["required"] == ["model"], "prefect: parameter_schema changed"
    assert set(made.model_dump()["properties"]) == {"model", "now"}
