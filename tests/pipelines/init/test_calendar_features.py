"""Hour and weekday are proposed where the target depends on them, in SQL that the engine of the source reads."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import psycopg
import pytest

from driftloop.monitoring import sources
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.init import Proposal, propose
from tests.servers.postgres import Postgres

HOURS = pd.date_range("2025-01-06", periods=24 * 84, freq="h")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(moments: pd.DatetimeIndex = HOURS, *, by_hour: float = 2.0, by_weekday: float = 2.0) -> pd.DataFrame:
    """A target that a feature mostly explains, with a part by hour and a part by weekend."""
    generator = np.random.default_rng(0)
    size = generator.normal(size=len(moments))
    y = 10 * size + generator.normal(size=len(moments))
    y += by_hour * np.sin(moments.hour / 12 * np.pi) + by_weekday * (moments.dayofweek >= 5)
    return pd.DataFrame({"ts": moments, "size": size, "y": y})


def init(data: str, table: str | None = None) -> tuple[Proposal, Project]:
    known: dict[str, Any] = dict.fromkeys(("model", "time", "output"))
    made = propose(data, table=table, target="y", force=True, **known)
    return made, load(made.file)


def parts(project: Project) -> pd.DataFrame:
    """The rows with the proposed features, as a check reads them."""
    return sources.read_rows(project.source, project.reading, EVER, project.folder).frame


def put(kind: str, frame: pd.DataFrame, postgres: Postgres) -> tuple[str, str | None]:
    """The frame as a source of a kind: what `init` is pointed at, and its table."""
    text = frame.assign(ts=frame["ts"].astype(str))
    if kind == "csv":
        frame.to_csv("rows.csv", index=False)
        return "rows.csv", None
    if kind == "csv, other times":
        frame.assign(ts=frame["ts"].dt.strftime("%d.%m.%Y %H:%M")).to_csv("rows.csv", index=False)
        return "rows.csv", None
    if kind.startswith("parquet"):
        moments = {"aware": frame["ts"].dt.tz_localize("UTC"), "naive": frame["ts"], "text": text["ts"]}
        moments["epoch"] = (frame["ts"] - pd.Timestamp(0)) // pd.Timedelta("1s")
        frame.assign(ts=moments[kind.split()[1]]).to_parquet("rows.parquet", index=False)
        return "rows.parquet", None
    if kind == "sqlite":
        with sqlite3.connect("rows.db") as con:
            text.to_sql("rows", con, index=False)
        return "sqlite://rows.db", "rows"
    if kind == "duckdb":
        with duckdb.connect("rows.duckdb") as con:
            con.register("frame", text)
            con.execute("CREATE TABLE rows AS SELECT * FROM frame")
        return "duckdb://rows.duckdb", "rows"
    place = postgres.place()
    kinds = {"postgres timestamp": "timestamp", "postgres timestamptz": "timestamptz", "postgres text": "text"}
    with psycopg.connect(postgres.url(place), autocommit=True) as con:
        con.execute(f"CREATE TABLE rows (ts {kinds[kind]}, size float8, y float8)")
        with con.cursor().copy("COPY rows FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.to_csv(index=False, header=False))
    return postgres.url(place, password="${SHOP_PASSWORD}"), "rows"


OF_A_MOMENT = ("parquet aware", "parquet epoch", "postgres timestamptz")


@pytest.mark.parametrize(
    "kind",
    [
        *("csv", "csv, other times", "parquet aware", "parquet naive", "parquet text", "parquet epoch"),
        *("sqlite", "duckdb", "postgres timestamp", "postgres timestamptz", "postgres text"),
    ],
)
def test_every_engine_reads_the_proposed_features(
    kind: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour is that of the row's time, the weekday one number a day of the week, and both are features."""
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    made, project = init(*put(kind, rows(), postgres))
    assert {"hour", "weekday"} <= set(project.columns.numeric)
    read = parts(project)
    assert (read["hour"].astype(int) == read["ts"].dt.hour).all()
    days = read.groupby(read["ts"].dt.dayofweek)["weekday"]
    assert (days.nunique() == 1).all()
    assert read["weekday"].nunique() == 7
    zone = "; in UTC, unless columns.time_zone names another zone" if kind in OF_A_MOMENT else ""
    assert f"time: 'hour', 'weekday' are derived from 'ts': the target depends on them{zone}" in made.notes


def test_what_the_target_does_not_depend_on_is_only_mentioned() -> None:
    """Without an effect of the time nothing is derived; the comment has the expressions, ready to be used."""
    rows(by_hour=0, by_weekday=0).to_csv("rows.csv", index=False)
    made, project = init("rows.csv")
    assert (project.columns.derived, project.columns.numeric) == ({}, ("size",))
    assert '# derived: {hour: hour("ts"), weekday: dayofweek("ts")}' in made.file.read_text()
    assert not [note for note in made.notes if "derived" in note]


def test_each_part_is_judged_by_itself() -> None:
    """A target that depends on the hour alone gets the hour alone."""
    rows(by_weekday=0).to_csv("rows.csv", index=False)
    assert init("rows.csv")[1].columns.derived == {"hour": 'hour("ts")'}


@pytest.mark.parametrize("name", ["Hour", "period"])
def test_a_part_that_the_data_have_is_not_derived_again(name: str) -> None:
    """An hour under any name, also of another zone, is no reason for a second one."""
    frame = rows()
    frame.assign(**{name: (frame["ts"].dt.hour + 2) % 24}).to_csv("rows.csv", index=False)
    made, project = init("rows.csv")
    assert list(project.columns.derived) == ["weekday"]
    assert "hour(" not in made.file.read_text()


def test_a_name_that_is_taken_gets_another_one() -> None:
    """A column called hour that holds none keeps its name, and the derived one has that of the time before it."""
    rows().assign(hour=np.random.default_rng(3).normal(size=len(HOURS))).to_csv("rows.csv", index=False)
    project = init("rows.csv")[1]
    assert {"hour", "ts_hour"} <= set(project.columns.numeric)
    assert "hour" not in project.columns.derived


def test_daily_rows_have_a_weekday_and_no_hour() -> None:
    """Dates carry no hour; after a year the month is mentioned, and not used."""
    rows(pd.date_range("2023-01-01", periods=800)).to_csv("rows.csv", index=False)
    made, project = init("rows.csv")
    assert list(project.columns.derived) == ["weekday"]
    assert '# month: month("ts")' in made.file.read_text()


def test_windows_of_a_day_have_no_weekday() -> None:
    """A window with one weekday would drift in every check: the weekday is only mentioned."""
    moments = pd.date_range("2025-01-06", periods=24 * 60 * 35, freq="min")
    rows(moments).to_parquet("rows.parquet", index=False)
    made, project = init("rows.parquet")
    assert project.windows.current == pd.Timedelta("1d")
    assert list(project.columns.derived) == ["hour"]
    assert '# weekday: dayofweek("ts")' in made.file.read_text()


def test_classes_depend_on_the_hour_too() -> None:
    """For classes the share of each is what depends on a part of the time."""
    frame = rows()
    night = frame["ts"].dt.hour < 6
    drawn = np.random.default_rng(5).random(len(frame))
    frame.assign(y=np.where(drawn < 0.1 + 0.5 * night, "yes", "no")).to_csv("rows.csv", index=False)
    assert "hour" in init("rows.csv")[1].columns.derived


@pytest.mark.parametrize("offset", ["", "+00:00"])
def test_a_derived_hour_names_its_zone(offset: str) -> None:
    """With an offset nothing else asks for a zone, although the hour is then that of UTC."""
    frame = rows()
    frame.assign(ts=frame["ts"].dt.strftime("%Y-%m-%d %H:%M:%S") + offset).to_csv("rows.csv", index=False)
    made, _ = init("rows.csv")
    (note,) = [note for note in made.notes if " derived from " in note]
    assert ("in UTC, unless columns.time_zone" in note) is bool(offset)
    assert made.file.read_text("utf-8").count("  # time_zone: ") == 1
