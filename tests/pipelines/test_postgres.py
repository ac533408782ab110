"""The whole loop with its rows, its ledger and MLflow on PostgreSQL."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import init as proposing
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations import doctor
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.runtime import home
from tests.servers.postgres import Postgres
from tests.streams import day, flow_config, stream


@pytest.fixture
def places(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A place for each of the three, and the addresses of two of them in the environment."""
    found = {name: postgres.place() for name in ("rows", "ledger", "mlflow")}
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", postgres.url(found["ledger"]))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres.url(found["mlflow"]).replace("://", "+psycopg://", 1))
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    return found


def fill(postgres: Postgres, place: str, frame: pd.DataFrame) -> None:
    """The frame as the table `trips`."""
    text = io.StringIO()
    frame.to_csv(text, index=False, header=False)
    with psycopg.connect(postgres.url(place), autocommit=True) as open_:
        open_.execute(
            "CREATE TABLE trips (ts timestamptz, amount numeric, speed real, city text, kind char(2), y float8)"
        )
        with open_.cursor().copy("COPY trips FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())


@pytest.mark.usefixtures("prefect")
def test_the_loop_runs_on_postgres(
    postgres: Postgres, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From `init` on a table to a promotion and back: every store is the server's, and the doctor finds all well."""
    from driftloop.pipelines.flows.monitoring import monitoring_flow

    monkeypatch.chdir(tmp_path)
    fill(postgres, places["rows"], stream(56, concept_shift_at=21))
    made = proposing.propose(
        postgres.url(places["rows"], password="${SHOP_PASSWORD}"),
        table="trips",
        model="pg",
        target="y",
        time="ts",
        output=None,
        force=False,
    )
    text = made.file.read_text("utf-8")
    assert "${SHOP_PASSWORD}" in text
    assert postgres.password not in text
    assert load(made.file).columns.categorical == ("city", "kind")
    first = monitoring_flow(config=flow_config(made.file), now=day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    second = monitoring_flow(config=flow_config(made.file), now=day(42))
    assert second.outcome.judged, second.reason
    assert monitoring_flow(config=flow_config(made.file), now=day(42)).outcome is Outcome.ALREADY_CHECKED
    champion = registry.champion("pg")
    assert registry.reference(champion).window.end <= day(42)
    found = {(one.what, one.state): one.message for one in doctor.examine(day(43))}
    assert places["ledger"] in found["ledger", "ok"]
    assert ("mlflow", "ok") in found
    assert not [one for one in found if one[1] == "wrong"], found
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [check.outcome.judged for check in ledger.checks("pg")][-2:] == [True, True]
        registry.unpoint("pg", registry.CHAMPION)
        assert "was restored" in str(promotion.restore(ledger, "pg", day(43)))
    assert registry.champion("pg").number == champion.number
    assert postgres.execute("SELECT count(*) FROM registered_models", places["mlflow"]) == [(1,)]
