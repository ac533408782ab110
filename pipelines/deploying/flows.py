"""What a worker imports: the flows by the names of their deployments. One that knows no place for state is refused.

A process worker runs each flow in a folder that is thrown away: no state may lie where a command would put it.
"""

from __future__ import annotations

import os

from monitoring.errors import WorkerUnready
from pipelines import home
from pipelines.deploying.promotion import promotion_flow
from pipelines.deploying.sweep import sweep
from pipelines.monitoring_flow import monitoring_flow
from pipelines.training_flow import training_flow

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
