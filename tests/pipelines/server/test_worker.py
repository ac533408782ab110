"""`driftloop worker`: checks in one warm process, training runs in separate processes, and a normal end."""

from __future__ import annotations

import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter

from driftloop.monitoring.errors import PoolUnfit, ServerMissing
from driftloop.monitoring.ledger import Ledger, holders
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.registry.flow_runs import owner_of
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server import worker
from driftloop.pipelines.server.server import deploy
from tests.conftest import Model
from tests.servers.prefect import PrefectServer, emitted, on_server, until, warm_worker
from tests.streams import START, stream

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def runs(server: PrefectServer, flow: str, model: str) -> list[Any]:
    with on_server(server), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"{flow}/{model}")
        where = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment.id]}})
        found = client.read_flow_runs(flow_run_filter=where)
    return [run for run in found if run.state is not None and run.state.is_final()]


def test_checks_share_a_warm_process_and_a_training_has_its_own(
    prefect_server: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without rows, twice; then rows, for which the first champion is trained; then SIGTERM during a check."""
    log = tmp_path / "worker.log"
    place = tmp_path / "state"
    for name in ("DRIFTLOOP_LEDGER_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{place}/ledger.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    rows = stream(28)
    rows["ts"] += NOW - timedelta(days=28) - START
    made = Model(tmp_path / "model").given(rows.iloc[:0], schedule={"on": {"poll": "1h"}})
    with on_server(prefect_server):
        deploy([load(made.file)], "warm", timedelta(hours=1))
    where = {
        "DRIFTLOOP_HOME": str(place),
        "DRIFTLOOP_LEDGER_URL": home.ledger_url(),
        "MLFLOW_TRACKING_URI": f"sqlite:///{place}/mlflow.db",
    }

    def checked(times: int) -> bool:
        return len(runs(prefect_server, "monitoring", made.name)) == times

    with warm_worker(prefect_server, "warm", log, **where) as process:
        for count in (1, 2):
            emitted(prefect_server, "driftloop.data.arrived", made.name)
            until(partial(checked, count), "a check")
        made.given(rows)
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        (training,) = until(lambda: runs(prefect_server, "training", made.name), "a training run")
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        until(lambda: log.read_text().count(": monitoring") == 4, "the start of a check")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text()
    checks = runs(prefect_server, "monitoring", made.name)
    assert {run.state.name for run in (*checks, training)} == {"Completed"}
    assert {holders.named(str(owner_of(run)))[1] for run in checks} == {process.pid}
    assert holders.named(str(owner_of(training)))[1] != process.pid
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
    assert outcomes == [Outcome.ALREADY_CHECKED, Outcome.BOOTSTRAPPED, Outcome.NO_DATA, Outcome.NO_DATA]


def test_a_pool_that_it_cannot_serve_is_refused(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, no such pool, a pool of containers: each with the way out."""
    with on_server(prefect_server), get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="containers", type="docker"))
        with pytest.raises(PoolUnfit, match=r"(?s)no work pool 'nowhere'.*driftloop deploy CONFIG --pool nowhere"):
            worker.serve("nowhere", name=None, limit=1)
        with pytest.raises(PoolUnfit, match=r"(?s)of type docker.*prefect worker start --pool containers"):
            worker.serve("containers", name=None, limit=1)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(ServerMissing):
        worker.serve("nowhere", name=None, limit=1)
