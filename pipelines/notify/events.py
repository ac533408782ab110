"""What a check and a retrain tell the world, as events in Prefect's conventions. Pure: nothing is sent from here."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.decision import fired_on
from driftloop.monitoring.records import DRIFT, Check, Outcome, Record, Retrain

CHECK_FINISHED = "driftloop.check.finished"
CHECK_FAILED = "driftloop.check.failed"
DRIFT_DETECTED = "driftloop.drift.detected"
RETRAIN_REQUESTED = "driftloop.retrain.requested"
MODEL_PROMOTED = "driftloop.model.promoted"
MODEL_REJECTED = "driftloop.model.rejected"
MODEL_AWAITING = "driftloop.model.awaiting_approval"
# Not one of ours to emit: whoever brings rows emits it, and in server mode an automation starts a check.
DATA_ARRIVED = "driftloop.data.arrived"


class Event(Record):
    """One event: its name, the model it is about, what else took part, and the numbers."""

    name: str
    resource: dict[str, str]
    related: tuple[dict[str, str], ...] = ()
    payload: dict[str, Any]


def of_check(check: Check, drift_share: float = 0.5) -> tuple[Event, ...]:
    """The events of a finished check, in the order in which things happened.

    Drift is detected where a policy fired that reads drift, or from `drift_share` of the features on.
    """
    names = [CHECK_FAILED if check.outcome is Outcome.FAILED else CHECK_FINISHED]
    if drifted(check, drift_share):
        names.append(DRIFT_DETECTED)
    return tuple(_of(check, name, _payload(name, check)) for name in names)


def of_request(check: Check, request_id: str) -> Event:
    """The event of a check that has asked for a retrain; in server mode it starts the training."""
    return _of(check, RETRAIN_REQUESTED, _payload(RETRAIN_REQUESTED, check) | {"request_id": request_id})


def of_retrain(model: str, retrain: Retrain, flow_run_id: str | None = None) -> tuple[Event, ...]:
    """The event of a challenger that was judged; none where no challenger could be trained."""
    if retrain.challenger_loss is None and retrain.version is None:
        return ()
    payload = retrain.model_dump(mode="json")
    related = _related(model, retrain.version, retrain.mlflow_run_id, flow_run_id)
    awaits = retrain.code == Outcome.AWAITING_APPROVAL
    name = MODEL_PROMOTED if retrain.promoted else MODEL_AWAITING if awaits else MODEL_REJECTED
    return (Event(name=name, resource=resource(model), related=related, payload=payload),)


def drifted(check: Check, drift_share: float) -> bool:
    """Return whether a policy that reads drift fired, within a composition too, or so many features drifted."""
    return fired_on(check.votes, DRIFT) or (check.drift_share is not None and 0 < check.drift_share >= drift_share)


def resource(model: str) -> dict[str, str]:
    """The model as Prefect names a resource.

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
    """The version, the MLflow run and the flow run; each only if there is one."""
    named = {
        "model-version": version and f"driftloop.model-version.{model}.{version}",
        "mlflow-run": mlflow_run and f"mlflow.run.{mlflow_run}",
        "flow-run": flow_run and f"prefect.flow-run.{flow_run}",
    }
    return tuple({"prefect.resource.id": name, "prefect.resource.role": role} for role, name in named.items() if name)


def _payload(name: str, check: Check) -> dict[str, Any]:
    said = check.model_dump(mode="json")
    payload = {key: said[key] for key in ("check_id", "outcome", "reason", "window", "champion", "now")}
    if name == CHECK_FAILED:
        return payload
    payload |= {key: said[key] for key in ("decision", "drift_share", "champion_after", "report", "standing")}
    payload["drifted_columns"] = [score.name for score in check.columns if score.drifted]
    seen = check.performance
    payload["loss"] = {"name": seen.loss_name, "value": said["performance"]["loss"]} if seen else None
    return payload
