"""The configs that are shipped run as they are, on real rows where these are at hand."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from driftloop.monitoring.records import Check, Outcome
from tests.streams import SHARED, flow_config

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
START = datetime(2026, 1, 1, tzinfo=UTC)


def check(config: str, now: datetime) -> Check:
    from driftloop.pipelines.flows.monitoring import monitoring_flow

    return monitoring_flow(config=flow_config(CONFIGS / config), now=now)


def customers(days: int, a_day: int = 120) -> pd.DataFrame:
    """A made shop: who pays the listed price and comes seldom leaves; from day 150 on everybody stays."""
    generator = np.random.default_rng(0)
    n = days * a_day
    at = np.sort(generator.uniform(0, days, n))
    listed = generator.uniform(5, 100, n)
    discount = generator.uniform(0, 0.5, n)
    visits = generator.poisson(3, n)
    leaning = 4 - 12 * discount - visits + np.where(at > 150, 5.0, 0.0)
    return pd.DataFrame(
        {
            "seen_at": [f"{START + timedelta(days=x):%Y-%m-%d %H:%M:%S}" for x in at],
            "visits": visits,
            "basket": generator.uniform(1, 9, n),
            "listed": listed,
            "paid": listed * (1 - discount),
            "country": generator.choice(["de", "fr", "it"], n),
            "channel": generator.choice(["web", "shop"], n),
            "churned": (generator.uniform(size=n) < 1 / (1 + np.exp(-leaning))).astype(int),
        }
    )


def test_the_sql_config_runs_on_a_sqlite_table(prefect: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Derived columns, filter, text times, a label delay and a scikit-learn model go through the loop from a table."""
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        customers(262).to_sql("customers", shop, index=False)
    monkeypatch.setenv("SHOP_DB", f"sqlite:///{tmp_path / 'shop.db'}")
    first = check("sql.yaml", START + timedelta(days=140))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    steady = check("sql.yaml", START + timedelta(days=147))
    assert steady.outcome is Outcome.STEADY, steady.reason
    assert {score.name for score in steady.columns} >= {"discount", "visits", "country"}
    later = check("sql.yaml", START + timedelta(days=260))
    assert later.decision == "retrain", later.reason
    assert later.outcome is Outcome.PROMOTED, later.reason


@pytest.mark.skipif(not (SHARED / "nyc_taxi").exists(), reason="the taxi files are not at hand")
def test_the_taxi_config_sees_the_pandemic(prefect: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On real, dirty trips, every eighth of them, a model of 2019 is steady in early 2020 and is retrained in May."""
    for file in (SHARED / "nyc_taxi").glob("*.parquet"):
        trips = pq.read_table(file)
        pq.write_table(trips.take(np.arange(0, len(trips), 8)), tmp_path / file.name)
    monkeypatch.setenv("TAXI_DATA", str(tmp_path))
    assert check("nyc_taxi.yaml", datetime(2019, 12, 2, tzinfo=UTC)).outcome is Outcome.BOOTSTRAPPED
    calm = check("nyc_taxi.yaml", datetime(2020, 2, 1, tzinfo=UTC))
    assert calm.outcome is Outcome.STEADY, calm.reason
    struck = check("nyc_taxi.yaml", datetime(2020, 5, 3, tzinfo=UTC))
    assert struck.outcome is Outcome.PROMOTED, struck.reason
    assert struck.drift_share is not None
    assert calm.drift_share is not None
    assert struck.drift_share > calm.drift_share
