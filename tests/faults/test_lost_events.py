"""The Prefect server dies around an event: the sweep finishes the work once the server is back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.server import deploy
from driftloop.pipelines.server.sweep import sweep
from tests.conftest import Model
from tests.faults.test_kills import running
from tests.servers.prefect import PrefectServer, emitted, on_server, until, worker
from tests.streams import day, stream

SECONDS = (0.0, 0.3, 1.0, 3.0)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A ledger and an MLflow of this test alone, for the sweep looks at all models."""
    where = {"DRIFTLOOP_HOME": str(tmp_path / "home"), "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/home/mlflow.db"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in where.items():
            patch.setenv(name, value)
        home.prepare()
        yield where


@pytest.mark.parametrize("seconds", SECONDS)
def test_a_server_that_dies_after_the_event_loses_no_training(
    prefect_server: PrefectServer,
    places: dict[str, str],
    tmp_path: Path,
    seconds: float,
) -> None:
    """Whether the event was lost or not: one training, one promotion, the check's final outcome, nothing RUNNING."""
    made = Model(tmp_path / "model").given(
        stream(56, concept_shift_at=28),
        drift__report_columns=1,
        training__window="14d",
        training__holdout="4d",
        policies__triggers=[{"policy": "always"}],
    )
    pool = f"pool-{uuid.uuid4().hex[:6]}"
    with on_server(prefect_server):
        assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
        deploy([load(made.file)], pool, timedelta(hours=1))
        assert made.check(day(49), train="request").outcome is Outcome.REQUESTED
        with closing(Ledger(home.ledger_url())) as ledger:
            (request,) = ledger.open_requests(made.name)
        emitted(prefect_server, "driftloop.retrain.requested", made.name, {"request_id": request.request_id})
        time.sleep(seconds)
        prefect_server.kill()
        prefect_server.start()
        sweep(grace_seconds=0)
        with (
            worker(prefect_server, pool, tmp_path / "worker.log", **places),
            closing(Ledger(home.ledger_url())) as ledger,
        ):
            until(lambda: ledger.open_requests(made.name) == [], "the end of the request")
            until(lambda: running(made) == [], "the end of the runs")
            assert sweep(grace_seconds=0) == []
            moves = ledger.events(made.name, kinds=(Kind.PROMOTED,))
            last = ledger.checks(made.name)[0]
    assert (made.champion(), len(moves)) == ("2", 2)
    assert (last.outcome, last.now) == (Outcome.PROMOTED, day(49))
