"""Drift measured against the same period of an earlier year, in whole checks: from files and from PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.records import Check, Outcome
from tests.conftest import Model
from tests.servers.postgres import Postgres
from tests.streams import day, stream
from tests.written import LOADERS

Make = Callable[..., Model]
FAST = {
    "training__params": {"n_estimators": 10},
    "policies__triggers": [{"policy": "never"}],
}
ONE_YEAR: dict[str, Any] = {"drift": {"report_columns": 1, "reference": {"same_period": "1y"}}}


def seasonal(days: int) -> pd.DataFrame:
    """`amount` swings by 6 standard deviations over a year; in the last week `speed` is two of them higher."""
    frame = stream(days, a_day=25)
    at = (frame["ts"] - day(0)) / pd.Timedelta(days=1)
    swing = 12 * np.sin(2 * np.pi * (at - 77) / 364)
    return frame.assign(amount=frame["amount"] + swing, speed=frame["speed"] + 2 * (at >= days - 7))


def drifted(check: Check) -> set[str]:
    return {score.name for score in check.columns if score.drifted and score.role == "feature"}


def test_a_season_is_no_drift_and_a_change_is(model: Make) -> None:
    """Against the champion's weeks the season drifts; against last year's only the planted change does."""
    made = model(seasonal(497), **FAST, archive={"act": False})
    assert made.check(day(441)).outcome is Outcome.BOOTSTRAPPED
    assert "amount" in drifted(made.check(day(490), dry_run=True))
    made.given(**ONE_YEAR)
    before, after = made.check(day(490)), made.check(day(497))
    assert drifted(before) == set()
    assert drifted(after) == {"speed"}
    basis = after.drift_basis
    assert basis is not None
    assert (basis.reference.start, basis.reference.end, basis.windows) == (day(98), day(161), 9)
    assert "the same period 364d earlier" in basis.sentence()
    assert "the same period 364d earlier" in Path(str(after.report)).read_text()
    made.given(drift={"reference": {"same_period": "2y"}})
    fallback = made.check(day(497), dry_run=True)
    assert fallback.drift_basis is not None
    assert fallback.drift_basis.same_period is None
    (finding,) = [one for one in fallback.findings if one.code == "no_same_period"]
    assert "no rows" in finding.message
    assert "amount" in drifted(fallback)


def test_rows_of_last_year_come_from_postgresql(
    model: Make, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A database is read for both spans."""
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    frame = seasonal(448)
    frame = frame.assign(ts=frame["ts"].dt.tz_localize(None).astype("datetime64[us]"))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    types = {"city": pa.string(), "kind": pa.string()}
    table = table.cast(pa.schema([(field.name, types.get(field.name, field.type)) for field in table.schema]))
    source = LOADERS["postgres"](tmp_path, table, lambda: postgres)
    made = model(None, source=source.model_dump(mode="json", exclude_none=True), **FAST, **ONE_YEAR)
    assert made.check(day(434)).outcome is Outcome.BOOTSTRAPPED
    check = made.check(day(441))
    assert drifted(check) == set()
    assert check.drift_basis is not None
    assert check.drift_basis.same_period == "364d"
