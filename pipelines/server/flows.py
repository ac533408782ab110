"""What a worker imports: the flows by the names of their deployments. One that knows no place for state is refused.

A process worker runs each flow in a folder that is thrown away: no state may lie where a command would put it.
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
    """Refuse to run where neither the state folder nor both stores are named."""
    lacking = [name for name in WHERE if not os.environ.get(name)]
    if lacking and lacking[0] == WHERE[0] and len(lacking) > 1:
        raise WorkerUnready(lacking)


if os.environ.get("PREFECT__FLOW_RUN_ID"):
    refuse_unready()
    home.prepare()
