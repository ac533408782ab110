"""Server mode as a whole: a Prefect server, an MLflow server, a process worker, and rows that drift."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.monitoring.report.shared_script import whole
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.server import deploy
from tests.conftest import Model
from tests.servers.mlflow import MlflowServer
from tests.servers.prefect import PrefectServer, ask, emitted, on_server, until, worker
from tests.streams import START, stream

# The newest rows are from this very hour: a deployment checks the present.
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def recent(frame: pd.DataFrame, days: int) -> pd.DataFrame:
    """A stream of this many days, moved in time so that it ends now."""
    return frame.assign(ts=frame["ts"] + (NOW - timedelta(days=days) - START))


@pytest.fixture(scope="module")
def places(
    mlflow_server: MlflowServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Where state is in server mode: an MLflow server, and a ledger of its own."""
    folder = tmp_path_factory.mktemp("server-mode")
    where = {
        "DRIFTLOOP_HOME": str(folder),
        "MLFLOW_TRACKING_URI": mlflow_server.url,
        "DRIFTLOOP_LEDGER_URL": f"sqlite:///{folder}/ledger.db",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in where.items():
            patch.setenv(name, value)
        yield where


def runs(server: PrefectServer, flow: str, model: str) -> list[Any]:
    """The runs of a model's deployment."""
    with on_server(server), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"{flow}/{model}")
        where = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment.id]}})
        return list(client.read_flow_runs(flow_run_filter=where))


def test_an_event_leads_from_a_drifted_file_to_a_new_champion(
    prefect_server: PrefectServer,
    places: dict[str, str],
    tmp_path: Path,
) -> None:
    """A file arrives, the check asks, the event starts the training, the alias moves, and Prefect links both runs."""
    made = Model(tmp_path / "model").given(recent(stream(35), 56))
    made.given(drift__report_columns=1, training__window="14d", training__holdout="4d", schedule={"on": {"poll": "1h"}})
    with on_server(prefect_server):
        assert made.check(NOW - timedelta(days=21)).outcome is Outcome.BOOTSTRAPPED
        deploy([load(made.file)], "processes", timedelta(hours=1))
    with worker(prefect_server, "processes", tmp_path / "worker.log", **places):
        made.given(recent(stream(56, concept_shift_at=35), 56))
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        until(lambda: made.champion() == "2", "a new champion")
        (training,) = until(
            lambda: [run for run in runs(prefect_server, "training", made.name) if run.state.is_final()],
            "the end of the training",
        )
    (check,) = runs(prefect_server, "monitoring", made.name)
    assert (check.state.name, training.state.name) == ("Completed", "Completed")
    with closing(Ledger(home.ledger_url())) as ledger:
        judged = ledger.checks(made.name)[0]
        (asked,) = ledger.events(made.name, most=1, kinds=(Kind.RETRAIN_REQUESTED,))
        assert ledger.open_requests(made.name) == []
    assert (judged.outcome, judged.champion_after) == (Outcome.PROMOTED, "2")
    assert judged.prefect_flow_run_id == str(check.id)
    report = Path(str(judged.report))
    assert judged.prefect_url == f"{prefect_server.url.removesuffix('/api')}/runs/flow-run/{check.id}"
    assert str(judged.mlflow_url).startswith(f"{places['MLFLOW_TRACKING_URI']}/#/experiments/")
    assert f'<a href="{judged.prefect_url}">{check.id}</a>' in report.read_text("utf-8")
    copy = registry.client().download_artifacts(str(judged.mlflow_run_id), "report.html", str(tmp_path))
    assert f"<title>{made.name}: challenger promoted</title>" in report.read_text("utf-8")
    assert Path(copy).read_text("utf-8") == whole(report.read_text("utf-8"), report)
    # The two runs: by a tag that both carry, by a label, and by the event that led from one to the other.
    assert training.parameters["request_id"] == asked.subject
    assert f"request:{asked.subject}" in set(training.tags) & set(check.tags)
    assert training.labels["driftloop.asked_by"] == str(check.id)
    assert training.created_by.type == "AUTOMATION"
    wanted = {"event": {"name": ["driftloop.retrain.requested"]}}
    result = ask(prefect_server, "events/filter", {"filter": wanted})["events"]
    (event,) = (one for one in result if one["payload"]["request_id"] == asked.subject)
    assert f"prefect.flow-run.{check.id}" in {one["prefect.resource.id"] for one in event["related"]}
    mlflow_runs = registry.client().search_runs([registry.experiment(made.name)])
    assert {run.info.status for run in mlflow_runs} == {"FINISHED"}
