"""Flows imported by a worker, by the names of their deployments. A worker without a place for state is refused.

A process worker runs each flow in a temporary folder, so state must not be kept in the default place.
"""

from __future__ import annotations

import os

from driftloop.monitoring.errors import WorkerUnready
from driftloop.pipelines.flows.monitoring import monitoring_flow
from driftloop.pipelines.flows.training import training_flow
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.promotion import promotion_flow
from driftloop.pipelines.server.sweep import sweep

__all__ = ["monitoring_flow", "promotion_flow", "sweep", "training_flow"]

WHERE = ("DRIFTLOOP_HOME", "MLFLOW_TRACKING_URI", "DRIFTLOOP_LEDGER_URL")


def refuse_unready() -> None:
    """Refuse to run if neither the state folder nor both stores are configured."""
    lacking = [name for name in WHERE if not os.environ.get(name)]
    if lacking and lacking[0] == WHERE[0] and len(lacking) > 1:
        raise WorkerUnready(lacking)


if os.environ.get("PREFECT__FLOW_RUN_ID"):
    refuse_unready()
    home.prepare()
