"""A challenger in shadow in server mode: worker, service and scorer on one Prefect server, MLflow and PostgreSQL."""

from __future__ import annotations

import json
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import SHADOW
from driftloop.pipelines.runtime import home
from driftloop.pipelines.runtime.failpoints import VARIABLE
from driftloop.pipelines.server.server import deploy
from driftloop.pipelines.server.sweep import sweep
from tests import openlineage_schema
from tests.conftest import Model
from tests.faults.test_kills import running
from tests.pipelines.scoring.test_host import Score
from tests.scenarios.test_archive import returning
from tests.scenarios.test_shadow import SPANS
from tests.servers.mlflow import MlflowServer
from tests.servers.postgres import Postgres
from tests.servers.prefect import SOON, PrefectServer, on_server, until, worker
from tests.servers.recording import Recording, recording
from tests.spans import Spans
from tests.streams import day, stream

pytestmark = pytest.mark.faults
# Day 51 of the stream begins today, which the service checks. Labels of day 42 to 49 are known by then. The days of the
# stream begin at midnight, where windows end: a change of the relation is at the edge of a window.
NOW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
MOVED = NOW - day(51)
ENTERS = NOW - timedelta(days=9)
SETTINGS: dict[str, Any] = {
    **SPANS,
    "columns__label_delay": "2d",
    "promotion": {"shadow": 3, "canary": "30%"},
    "archive__keep": 0,
    "schedule": {"every": "30d"},
}


@pytest.fixture(scope="module")
def places(
    mlflow_server: MlflowServer,
    postgres: Postgres,
    prefect_server: PrefectServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Where state is: an MLflow server, and a ledger in its own database."""
    where = {
        "DRIFTLOOP_HOME": str(tmp_path_factory.mktemp("shadow")),
        "MLFLOW_TRACKING_URI": mlflow_server.url,
        "DRIFTLOOP_LEDGER_URL": postgres.url(postgres.place()),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in where.items():
            patch.setenv(name, value)
        yield where


def recent(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with ids, moved in time so that day 51 is the present."""
    return frame.assign(ts=frame["ts"] + MOVED, no=[f"A{at:05}" for at in range(len(frame))])


def run(made: Model, now: datetime) -> State[Any]:
    """Start a check of that moment by its deployment; return the state in which it ended."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"monitoring/{made.name}")
        begun = client.create_flow_run_from_deployment(deployment.id, parameters={"now": now.isoformat()})

        def state() -> State[Any] | None:
            found = client.read_flow_run(begun.id).state
            return found if found is not None and found.is_final() else None

        ended: State[Any] = until(state, "the end of a check")
    return ended


def entered(server: PrefectServer, made: Model, pool: str) -> None:
    """Train the first champion here, and have a worker train the challenger and put it into its shadow."""
    assert made.check(NOW - timedelta(days=30)).outcome is Outcome.BOOTSTRAPPED
    deploy([load(made.file)], pool, timedelta(hours=1))
    assert run(made, ENTERS).is_completed()
    until(lambda: newest(made).outcome is Outcome.SHADOWING, "a challenger in shadow")
    assert made.champion() == "1"


def newest(made: Model) -> Check:
    with closing(Ledger(home.ledger_url())) as ledger:
        return ledger.checks(made.name, most=1)[0]


@contextmanager
def asking(score: Score, made: Model, answered: list[tuple[str, int, str]]) -> Iterator[None]:
    """Ask for predictions inside, by 40 customers in turn; adds customer, status and version of each answer."""
    stop = threading.Event()
    row = {"amount": 10, "speed": 0.5, "city": "berlin", "kind": "a"}

    def ask() -> None:
        while not stop.is_set():
            for number in range(40):
                customer = f"C{number}"
                status, answer = score.ask(f"/predict/{made.name}", [{**row, "no": customer}])
                answered.append((customer, status, str(answer.get("version"))))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def checked(service: Score, made: Model) -> bool:
    """Ask the service for a check; False while it starts."""
    site = next(line for line in service.log if "the site is on" in line).split("the site is on ")[1].split(",")[0]
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{site}check/{made.name}", method="POST"), timeout=30
        ) as answer:
            return bool(answer.status == 202)
    except HTTPError:
        return False


def seen_elsewhere(collector: Recording, receiver: Recording) -> None:
    """Check and training are traces of their own, joined by the request; lineage names the check as parent."""
    spans = Spans.of(collector)
    check, retrain = spans.attributes("check"), spans.attributes("retrain")
    assert (check["driftloop.outcome"], retrain["driftloop.outcome"]) == ("requested", "shadowing")
    assert (check["driftloop.champion.version"], retrain["driftloop.challenger.version"]) == ("1", "2")
    assert spans.tree()["retrain"] is None
    assert {span.status.code for span in spans.spans} == {0}
    events = [json.loads(sent.body) for sent in receiver.sent]
    for event in events:
        openlineage_schema.validate(event)
    ended = {event["job"]["name"].rpartition(".")[2]: event for event in events if event["eventType"] == "COMPLETE"}
    assert len(events) == 4
    parent = ended["retrain"]["run"]["facets"]["parent"]["run"]["runId"]
    assert parent == ended["check"]["run"]["runId"] == check["driftloop.prefect.flow_run.id"]
    quality = ended["check"]["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert quality["columnMetrics"]["amount"]["count"] == quality["rowCount"]
    columns = ended["retrain"]["outputs"][0]["facets"]["columnLineage"]["fields"]["prediction"]["inputFields"]
    assert {one["field"] for one in columns} == {"amount", "speed", "city", "kind", "y"}


def test_a_challenger_waits_for_late_labels_and_is_promoted(
    prefect_server: PrefectServer, places: dict[str, str], tmp_path: Path
) -> None:
    """The worker trains it, the scorer sends it its share, the service judges it when the labels are there."""
    pool = f"pool-{uuid.uuid4().hex[:6]}"
    made = Model(tmp_path / "model").given(
        recent(stream(51, concept_shift_at=21)), **SETTINGS, columns__id=["no"], predictions__path=str(tmp_path / "log")
    )
    with recording() as collector, recording() as receiver, on_server(prefect_server):
        telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OPENLINEAGE_URL": receiver.url}
        with worker(prefect_server, pool, tmp_path / "worker.log", **places, **telemetry):
            entered(prefect_server, made, pool)
        seen_elsewhere(collector, receiver)
        with worker(prefect_server, pool, tmp_path / "worker.log", **places):
            assert run(made, NOW - timedelta(days=7)).is_completed()
    waits = newest(made)
    assert waits.shadow is not None
    assert (waits.shadow.state, waits.shadow.windows, made.champion()) == ("waiting", (), "1"), waits.reason
    words = ("serve", "--port", "0", "--score", "--score-port", "0")
    service = Score(made.file, words, **places, PREFECT_API_URL=prefect_server.url)
    service.soon = SOON
    answered: list[tuple[str, int, str]] = []
    try:
        with asking(service, made, answered):
            service.until(lambda: len(answered) > 160)
            before = len(answered)
            service.until(lambda: checked(service, made))
            service.until(lambda: made.champion() == "2")
            service.until(lambda: {version for *_, version in answered[-80:]} == {"2"})
    finally:
        service.process.terminate()
        assert service.process.wait(120) == 0
    check = newest(made)
    assert check.shadow is not None
    assert (check.outcome, check.shadow.state, check.champion_after) == (Outcome.PROMOTED, "proven", "2"), check.reason
    assert str(check.prefect_url).startswith(prefect_server.url.removesuffix("/api"))
    assert {status for _, status, _ in answered} == {200}
    in_shadow = pd.DataFrame(answered[:before], columns=["customer", "status", "version"])
    first = in_shadow.index[in_shadow["version"] == "2"][0]
    of_customer = in_shadow.loc[first:].groupby("customer")["version"].nunique()
    assert set(of_customer) == {1}, "a customer gets answers of one version"
    share = (in_shadow.loc[first:].drop_duplicates("customer")["version"] == "2").mean()
    assert 0.05 < share < 0.6
    files = sorted(prediction_log.folder(load(made.file)).glob("*.parquet"))
    logged = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    assert len(logged[logged["no"].str.startswith("C")]) == len(answered)
    assert set(logged["version"]) == {"1", "2"}
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [row["state"] for row in ledger.requests(made.name)] == ["promoted", "promoted"]


@pytest.mark.parametrize("point", ["judged shadow", "moved champion"])
def test_a_verdict_whose_worker_dies_is_carried_out_once(
    prefect_server: PrefectServer, places: dict[str, str], tmp_path: Path, point: str
) -> None:
    """The sweep has another worker end what the first one began: one promotion."""
    frame = stream(51, concept_shift_at=21)
    pool = f"pool-{uuid.uuid4().hex[:6]}"
    made = Model(tmp_path / "model").given(recent(frame).query("ts < @NOW"), **SETTINGS)
    with on_server(prefect_server):
        with worker(prefect_server, pool, tmp_path / "worker.log", **places):
            entered(prefect_server, made, pool)
        with worker(prefect_server, pool, tmp_path / "killed.log", **places, **{VARIABLE: point}):
            assert not run(made, NOW).is_completed()
        with (
            worker(prefect_server, pool, tmp_path / "after.log", **places),
            closing(Ledger(home.ledger_url())) as ledger,
        ):
            sweep(grace_seconds=0)
            until(lambda: ledger.open_requests(made.name) == [], "the end of the request")
            until(lambda: running(made) == [], "the end of the runs")
            assert sweep(grace_seconds=0) == []
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [check.outcome for check in ledger.checks(made.name)].count(Outcome.PROMOTED) == 1
        assert len(ledger.events(made.name, kinds=(Kind.PROMOTED,))) == 2
    assert (made.champion(), registry.aliased(made.name, SHADOW)) == ("2", None)


def test_a_worse_challenger_is_declined_by_a_worker(
    prefect_server: PrefectServer, places: dict[str, str], tmp_path: Path
) -> None:
    """The relation is what it was for the champion: the worker that judges it declines, and nothing is trained."""
    pool = f"pool-{uuid.uuid4().hex[:6]}"
    made = Model(tmp_path / "model").given(recent(returning()).query("ts < @NOW"), **SETTINGS)
    with on_server(prefect_server), worker(prefect_server, pool, tmp_path / "worker.log", **places):
        entered(prefect_server, made, pool)
        assert run(made, NOW).is_completed()
        check = newest(made)
        until(lambda: running(made) == [], "the end of the runs")
    assert check.shadow is not None
    assert (check.outcome, check.shadow.state, check.champion_after) == (
        Outcome.SHADOW_DECLINED,
        "proven_worse",
        "1",
    ), check.reason
    assert (made.champion(), registry.aliased(made.name, SHADOW)) == ("1", None)
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [row["state"] for row in ledger.requests(made.name)] == ["rejected", "promoted"]
