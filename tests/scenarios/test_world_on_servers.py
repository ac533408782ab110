"""The own world of a user in server mode on PostgreSQL: labels, weights, rules, slices, groups, a model elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.server import deploy
from tests.conftest import Model
from tests.elsewhere import ELSEWHERE, TABLE, scored
from tests.servers.mlflow import MlflowServer
from tests.servers.postgres import Postgres
from tests.servers.prefect import PrefectServer, emitted, on_server, until, worker
from tests.streams import START, stream

pytestmark = pytest.mark.faults
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
TYPES = {"float64": "float8", "int64": "bigint", "bool": "boolean"}
DELAY = timedelta(days=2)


@pytest.fixture(scope="module")
def places(
    mlflow_server: MlflowServer, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Where state is: an MLflow server, and a ledger in a database of its own."""
    where = {
        "DRIFTLOOP_HOME": str(tmp_path_factory.mktemp("world")),
        "MLFLOW_TRACKING_URI": mlflow_server.url,
        "DRIFTLOOP_LEDGER_URL": postgres.url(postgres.place()),
        "SHOP_PASSWORD": postgres.password,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in where.items():
            patch.setenv(name, value)
        yield where


def recent(frame: pd.DataFrame, days: int) -> pd.DataFrame:
    return frame.assign(ts=frame["ts"] + (NOW - timedelta(days=days) - START))


def put(server: Postgres, place: str, **tables: pd.DataFrame) -> None:
    """Write tables of a database again."""
    with psycopg.connect(server.url(place), autocommit=True) as con:
        for name, frame in tables.items():
            kinds = {str(column): str(frame[column].dtype) for column in frame}
            each = ", ".join(
                f'"{column}" {"timestamptz" if kind.startswith("datetime") else TYPES.get(kind, "text")}'
                for column, kind in kinds.items()
            )
            con.execute(f"DROP TABLE IF EXISTS {name}")
            con.execute(f"CREATE TABLE {name} ({each})")
            with con.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
                copy.write(frame.to_csv(index=False, header=False))


def newest(model: str) -> Check | None:
    with closing(Ledger(home.ledger_url())) as ledger:
        return next(iter(ledger.checks(model, most=1)), None)


def after(model: str, before: Check | None) -> Callable[[], Check | None]:
    """Look for a finished check later than one."""

    def look() -> Check | None:
        found = newest(model)
        return found if found is not None and (before is None or found.check_id != before.check_id) else None

    return look


def test_labels_weights_rules_slices_and_groups(
    prefect_server: PrefectServer, places: dict[str, str], postgres: Postgres, tmp_path: Path
) -> None:
    """Rows on PostgreSQL, labels in files: a worker checks, requests and trains, and every judgement is recorded."""
    draw = np.random.default_rng(3)

    def rows(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        frame = recent(frame, 56)
        frame = frame.assign(
            order_id=[f"A{at:06}" for at in range(len(frame))],
            pay=np.where(draw.uniform(size=len(frame)) < 0.5, 1.0, 3.0),
            sex=draw.choice(["f", "m"], len(frame)),
        )
        labels = pd.DataFrame({"order": frame["order_id"], "known_at": frame["ts"] + DELAY, "outcome": frame["y"]})
        return frame.drop(columns="y"), labels[labels["known_at"] <= NOW]

    place = postgres.place()
    made = Model(tmp_path / "model")
    made.folder.mkdir(parents=True)
    before, known = rows(stream(35))
    put(postgres, place, orders=before)
    known.to_parquet(made.folder / "outcomes.parquet", index=False)
    made.given(
        source={"url": postgres.url(place, password="${SHOP_PASSWORD}"), "table": "orders"},
        labels={"path": "outcomes.parquet", "key": ["order"], "time": "known_at", "target": "outcome"},
        columns__id=["order_id"],
        columns__label_delay="2d",
        columns__weight="pay",
        columns__extra=["sex"],
        columns__rules={"kind": {"levels": ["a"]}},
        slices=["city", {"name": "fast", "where": "speed > 1"}],
        fairness={"by": ["sex"], "rates": ["error"], "max_gap": 5.0},
        drift__report_columns=1,
        training__window="14d",
        training__holdout="4d",
        schedule={"on": {"poll": "1h"}},
    )
    with on_server(prefect_server):
        first = made.check(NOW - timedelta(days=21))
        assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
        deploy([load(made.file)], "world", timedelta(hours=1))
    with worker(prefect_server, "world", tmp_path / "worker.log", **places):
        later, known = rows(stream(56, concept_shift_at=35))
        put(postgres, place, orders=later)
        known.to_parquet(made.folder / "outcomes.parquet", index=False)
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        until(lambda: made.champion() == "2", "a new champion")
        check = until(
            lambda: found if (found := newest(made.name)) and found.outcome is Outcome.PROMOTED else None, "its check"
        )
    assert check.labels is not None
    assert check.labels.coverage == 1.0
    assert check.labels.delay_median_days == pytest.approx(2.0)
    assert check.performance is not None
    assert check.performance.standing == "worse"
    assert {each.name for each in check.slices} >= {"fast", "city = rome"}
    assert [(one.by, one.rate) for one in check.fairness] == [("sex", "error")]
    assert "kind" in {finding.column for finding in check.findings}
    version = registry.champion(made.name)
    assert registry.reference(version).rows > 0


def test_a_model_elsewhere(
    prefect_server: PrefectServer, places: dict[str, str], postgres: Postgres, tmp_path: Path
) -> None:
    """A worker judges predictions of a table on PostgreSQL, asks for a retrain elsewhere, and follows the version."""

    def tables(frame: pd.DataFrame, since: float | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows, table = scored(frame, since=since)
        shift = NOW - timedelta(days=49) - START
        return rows.assign(ts=rows["ts"] + shift), table.assign(scored_at=table["scored_at"] + shift)

    place = postgres.place()
    made = Model(tmp_path / "model")
    made.folder.mkdir(parents=True)
    rows, table = tables(stream(49, concept_shift_at=42))
    rows.to_parquet(made.folder / "rows.parquet", index=False)
    put(postgres, place, scored=table)
    url = postgres.url(place, password="${SHOP_PASSWORD}")
    elsewhere: dict[str, Any] = {**ELSEWHERE, "predictions": {**TABLE, "source": {"url": url, "table": "scored"}}}
    made.given(source={"path": "rows.parquet"}, schedule={"on": {"poll": "1h"}}, **elsewhere)
    with on_server(prefect_server):
        first = made.check(NOW - timedelta(days=7))
        assert (first.outcome, first.champion, first.scored_by) == (Outcome.STEADY, "1", "7"), first.reason
        deploy([load(made.file)], "elsewhere", timedelta(hours=1))
    with worker(prefect_server, "elsewhere", tmp_path / "worker.log", **places):
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        needed = until(after(made.name, first), "the check of the worker")
        assert (needed.outcome, needed.retrain) == (Outcome.NEEDED_ELSEWHERE, None), needed.reason
        rows, table = tables(stream(49, seed=9), since=21)
        rows.to_parquet(made.folder / "rows.parquet", index=False)
        put(postgres, place, scored=table)
        emitted(prefect_server, "driftloop.data.arrived", made.name)
        taken = until(after(made.name, needed), "the check of the new version")
    assert (taken.champion_after, taken.scored_by, taken.outcome) == ("2", "8", Outcome.STEADY), taken.reason
    assert not registry.client().search_runs([registry.experiment(made.name)], "status = 'RUNNING'")
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [event.payload["version"] for event in ledger.events(made.name, kinds=(Kind.PROMOTED,))] == ["2", "1"]
        assert ledger.open_requests(made.name) == []
