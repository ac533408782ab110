"""Events of a check and a retrain, in Prefect's conventions. Pure: nothing is sent from here."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.decision import fired_on
from driftloop.monitoring.records import DRIFT, Check, Outcome, Record, Retrain

CHECK_FINISHED = "driftloop.check.finished"
CHECK_FAILED = "driftloop.check.failed"
DRIFT_DETECTED = "driftloop.drift.detected"
RETRAIN_REQUESTED = "driftloop.retrain.requested"
RETRAIN_NEEDED = "driftloop.retrain.needed"
MODEL_PROMOTED = "driftloop.model.promoted"
MODEL_ROLLED_BACK = "driftloop.model.rolled_back"
MODEL_REJECTED = "driftloop.model.rejected"
MODEL_AWAITING = "driftloop.model.awaiting_approval"
MODEL_SHADOWING = "driftloop.model.shadowing"
# Not emitted here: data producers emit it, and in server mode an automation starts a check.
DATA_ARRIVED = "driftloop.data.arrived"


class Event(Record):
    """One event: its name, its model, related resources, and the numbers."""

    name: str
    resource: dict[str, str]
    related: tuple[dict[str, str], ...] = ()
    payload: dict[str, Any]


def of_check(check: Check, drift_share: float = 0.5) -> tuple[Event, ...]:
    """Return the events of a finished check, in order of time.

    Drift is detected if a policy that reads drift fired, or if at least the share `drift_share` of features drifted.
    """
    names = [CHECK_FAILED if check.outcome is Outcome.FAILED else CHECK_FINISHED]
    if drifted(check, drift_share):
        names.append(DRIFT_DETECTED)
    if check.outcome is Outcome.NEEDED_ELSEWHERE:
        names.append(RETRAIN_NEEDED)
    return tuple(_of(check, name, _payload(name, check)) for name in names)


def of_request(check: Check, request_id: str) -> Event:
    """Return the event of a check that has requested a retrain; in server mode it starts the training run."""
    return _of(check, RETRAIN_REQUESTED, _payload(RETRAIN_REQUESTED, check) | {"request_id": request_id})


def of_retrain(model: str, retrain: Retrain, flow_run_id: str | None = None) -> tuple[Event, ...]:
    """Return the event of a judged challenger; none if no challenger could be trained.

    A promotion that was taken back has an additional one, after that of the version that serves again.
    """
    if retrain.challenger_loss is None and retrain.version is None:
        return ()
    payload = retrain.model_dump(mode="json")
    related = _related(model, retrain.version, retrain.mlflow_run_id, flow_run_id)
    pending: dict[str, str] = {Outcome.AWAITING_APPROVAL: MODEL_AWAITING, Outcome.SHADOWING: MODEL_SHADOWING}
    name = MODEL_PROMOTED if retrain.promoted else pending.get(retrain.code, MODEL_REJECTED)
    names = [name, *([MODEL_ROLLED_BACK] if retrain.promoted and retrain.code == Outcome.ROLLED_BACK else [])]
    return tuple(Event(name=each, resource=resource(model), related=related, payload=payload) for each in names)


def drifted(check: Check, drift_share: float) -> bool:
    """Return whether a policy that reads drift fired, within a composition too, or the drift share was reached."""
    return fired_on(check.votes, DRIFT) or (check.drift_share is not None and 0 < check.drift_share >= drift_share)


def resource(model: str) -> dict[str, str]:
    """Return the model as a resource of Prefect.

    >>> resource("fares")
    {'prefect.resource.id': 'driftloop.model.fares', 'prefect.resource.name': 'fares'}
    """
    return {"prefect.resource.id": f"driftloop.model.{model}", "prefect.resource.name": model}


def _of(check: Check, name: str, payload: dict[str, Any]) -> Event:
    related = _related(check.model, check.champion, check.mlflow_run_id, check.prefect_flow_run_id)
    return Event(name=name, resource=resource(check.model), related=related, payload=payload)


def _related(
    model: str, version: str | None, mlflow_run: str | None, flow_run: str | None
) -> tuple[dict[str, str], ...]:
    """Return version, MLflow run and flow run, each if there is one."""
    resources = {
        "model-version": version and f"driftloop.model-version.{model}.{version}",
        "mlflow-run": mlflow_run and f"mlflow.run.{mlflow_run}",
        "flow-run": flow_run and f"prefect.flow-run.{flow_run}",
    }
    return tuple({"prefect.resource.id": key, "prefect.resource.role": role} for role, key in resources.items() if key)


def _payload(name: str, check: Check) -> dict[str, Any]:
    record = check.model_dump(mode="json")
    payload = {key: record[key] for key in ("check_id", "outcome", "reason", "window", "champion", "now")}
    if name == CHECK_FAILED:
        return payload
    payload |= {key: record[key] for key in ("decision", "drift_share", "champion_after", "report", "standing")}
    if name == RETRAIN_NEEDED:
        payload |= {key: record[key] for key in ("scored_by", "votes")}
    payload["drifted_columns"] = [score.name for score in check.columns if score.drifted]
    payload |= check.causes.words if check.causes else {"cause": "", "advice": ""}
    performance = record["performance"]
    payload["loss"] = {"name": performance["loss_name"], "value": performance["loss"]} if performance else None
    return payload
