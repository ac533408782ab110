"""Links to runs lead to servers as a browser sees them, and to nothing that is gone when the process ends."""

from __future__ import annotations

import pytest
from prefect.settings import PREFECT_UI_URL, temporary_settings

from driftloop.pipelines import registry
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.registry.addresses import mlflow_page, prefect_page

RUN = "5336754a-dfd7-4330-ad6d-000000000000"


def test_a_database_and_a_temporary_server_have_no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing runs that a browser could open."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    run_id = evidence.open_run("addresses", "a run", tags={})
    assert (mlflow_page(run_id), prefect_page(RUN), prefect_page(None)) == (None, None, None)


def test_the_address_for_browsers_comes_first_and_loses_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's page of a run needs its experiment, and opens the view of trained models."""
    run_id = evidence.open_run("addresses", "a run", tags={})
    monkeypatch.setenv("DRIFTLOOP_MLFLOW_URL", "https://ann:secret@ml.example.org/mlflow/")
    expected = f"https://ml.example.org/mlflow/#/experiments/{registry.experiment('addresses')}/runs/{run_id}"
    assert mlflow_page(run_id) == f"{expected}?workflowType=machine_learning"
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect:4200/api")
    with temporary_settings({PREFECT_UI_URL: "https://prefect.example.org"}):
        assert prefect_page(RUN) == f"https://prefect.example.org/runs/flow-run/{RUN}"
