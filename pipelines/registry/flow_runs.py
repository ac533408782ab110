"""Records of a check or retrain in Prefect: name, tags and labels of the flow run, and an artifact with the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.ledger import holders
from driftloop.monitoring.records import Check, Window
from driftloop.pipelines.registry.verdict import verdict_markdown

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

R = TypeVar("R")
OWNER, MODEL = "driftloop.owner", "driftloop.model"


def log_to_prefect(check: Check) -> None:
    """Create a markdown artifact with the verdict; tag the flow run with the outcome, label it with the MLflow run."""
    from prefect.artifacts import create_markdown_artifact

    key = "".join(c if c.isascii() and c.isalnum() else "-" for c in check.model.lower())
    create_markdown_artifact(
        key=f"verdict-{key}", markdown=verdict_markdown(check), description=clipped(check.reason, 200)
    )
    if check.prefect_flow_run_id and check.mlflow_run_id:
        _tag(check.prefect_flow_run_id, f"outcome:{check.outcome.value}")
        _label(
            check.prefect_flow_run_id,
            {"mlflow.run_id": check.mlflow_run_id, "driftloop.outcome": check.outcome.value},
        )


def owner_tag() -> str:
    """Return the tag of each flow run that this process creates; the run has it from its creation on."""
    return f"{OWNER}:{holders.me()}"


def owner_of(run: FlowRun) -> str | None:
    """Return the process that runs a flow, from its label or from the tag it was created with."""
    tagged = next((tag.removeprefix(f"{OWNER}:") for tag in run.tags if tag.startswith(f"{OWNER}:")), None)
    return str(run.labels[OWNER]) if run.labels.get(OWNER) else tagged


@contextmanager
def owned() -> Iterator[None]:
    """Let the flow runs that are created in the block carry their owner from the request that creates them."""
    from prefect import tags

    with tags(owner_tag()):
        yield


@contextmanager
def own_flow_run() -> Iterator[None]:
    """Let this process be the owner of the current flow run, so that it can be ended if the process dies.

    A run that a server has created has no tag of ours and gets a label. Tasks have no tags: Prefect would ask its
    server for a limit of each tag before each task.
    """
    from prefect import runtime
    from prefect.context import TagsContext

    if owner_tag() not in runtime.flow_run.tags:
        _label(str(runtime.flow_run.id), {OWNER: holders.me()})
    with TagsContext(current_tags=set()):
        yield


def works_on(model: str, what: str, *tags: str) -> None:
    """Name the current flow run, and tag and label it with its model, once it holds the claim on it.

    `what` follows the model in the run's name: the window that it is about.
    """
    from prefect import runtime

    flow_run_id = str(runtime.flow_run.id)
    _tag(flow_run_id, f"model:{model}", *tags, name=f"{model} {what}")
    _label(flow_run_id, {MODEL: model})


def current() -> str:
    """Return the id of the current flow run."""
    from prefect import runtime

    return str(runtime.flow_run.id)


def ended_at(window: Window) -> str:
    """Return the end of a window as the name of a run has it: a day, with the time if it is not midnight in UTC.

    >>> from datetime import datetime, timezone
    >>> at = datetime(2026, 5, 2, tzinfo=timezone.utc)
    >>> ended_at(Window(start=at.replace(day=1), end=at)), ended_at(Window(start=at, end=at.replace(hour=13)))
    ('2026-05-02', '2026-05-02 13:00')
    """
    return f"{window.end:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def tag_request(request_id: str, asked_by: str | None = None) -> None:
    """Tag the current flow run with its request, so that Prefect finds check and training run by it.

    `asked_by` is the flow run of the check that created the request.
    """
    from prefect import runtime

    flow_run_id = str(runtime.flow_run.id)
    _tag(flow_run_id, request_tag(request_id))
    _label(flow_run_id, {"driftloop.request_id": request_id} | ({"driftloop.asked_by": asked_by} if asked_by else {}))


def completed(message: str, result: R) -> R:
    """Return the result of a flow as the final state that Prefect shows, with a message; its caller gets the result."""
    from prefect.states import Completed

    return cast("R", Completed(message=clipped(message, 1000), data=result))


def request_tag(request_id: str) -> str:
    """The tag of every flow run about a request.

    >>> request_tag("5f0c")
    'request:5f0c'
    """
    return f"request:{request_id}"


def _label(flow_run_id: str, labels: Mapping[str, bool | int | float | str]) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(UUID(flow_run_id), dict(labels))


def _tag(flow_run_id: str, *tags: str, name: str | None = None) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        # Not those of the context: the run has got more since it was created.
        known = client.read_flow_run(UUID(flow_run_id)).tags
        client.update_flow_run(UUID(flow_run_id), tags={*known, *tags}, name=name)
