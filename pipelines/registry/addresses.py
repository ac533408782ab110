"""Addresses of a check's runs in the pages of Prefect and MLflow, where these are servers that a browser can open."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

from driftloop.pipelines.registry.connection import client

MLFLOW_URL = "DRIFTLOOP_MLFLOW_URL"


def mlflow_page(run_id: str) -> str | None:
    """Return the page of a run in MLflow's view of trained models; None if MLflow is a database without a server.

    The server is DRIFTLOOP_MLFLOW_URL, else MLFLOW_TRACKING_URI.
    """
    base = _web_page(os.environ.get(MLFLOW_URL) or os.environ["MLFLOW_TRACKING_URI"])
    if base is None:
        return None
    experiment = client().get_run(run_id).info.experiment_id
    return f"{base}/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"


def prefect_page(flow_run_id: str | None) -> str | None:
    """Return the page of a flow run; None without a flow run, and on the temporary server of a process.

    The server is PREFECT_UI_URL, else PREFECT_API_URL.
    """
    from prefect.settings import PREFECT_UI_URL

    if flow_run_id is None or not os.environ.get("PREFECT_API_URL"):
        return None
    base = _web_page(str(PREFECT_UI_URL.value() or ""))
    return None if base is None else f"{base}/runs/flow-run/{flow_run_id}"


def _web_page(address: str) -> str | None:
    """Return an address over HTTP without user and password; None for another one.

    >>> _web_page("https://ann:secret@ml.example.org:5000/mlflow/"), _web_page("sqlite:////state/mlflow.db")
    ('https://ml.example.org:5000/mlflow', None)
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")
