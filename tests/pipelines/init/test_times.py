"""Times that are not in ISO 8601: what is proposed for them is what DuckDB and SQLite read, whatever people write."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.monitoring.errors import BadExpression, ConfigError
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.time_forms import FORMS
from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import propose
from driftloop.pipelines.init.times import is_time, readings
from tests.streams import stream

FILE = Source(path="rows.csv")
MOMENTS = st.lists(
    st.datetimes(pd.Timestamp("1990-01-01").to_pydatetime(), pd.Timestamp("2060-01-01").to_pydatetime()),
    min_size=1,
    max_size=20,
)


def read(values: pd.Series, how: str) -> list[pd.Timestamp]:
    """What DuckDB makes of them, in UTC."""
    with duckdb.connect() as con:
        con.register("rows", values.to_frame())
        found = con.sql(f"SELECT {how} AS t FROM rows").to_arrow_table()["t"]
    return list(pd.to_datetime(pd.Series(found.cast("int64").to_pylist()), unit="us", utc=True))


@settings(max_examples=60, deadline=None)
@given(form=st.sampled_from(FORMS), moments=MOMENTS)
def test_what_is_written_by_a_form_is_read_back(form: str, moments: list[pd.Timestamp]) -> None:
    """The form itself is among the proposals, and DuckDB reads by it what it states."""
    aware = pd.Series(moments).dt.tz_localize("UTC") if "%z" in form else pd.Series(moments)
    written = aware.dt.strftime(form).rename('the "time"')
    found = readings(written, FILE)
    how = f"""strptime("the ""time""\", '{form}')"""
    if is_time(written):
        assert found == ()
    else:
        assert how in found
        known = pd.to_datetime(written, format=form, utc=True)
        assert read(written, how) == list(known)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@settings(max_examples=15, deadline=None)
@given(moments=MOMENTS)
def test_numbers_since_1970_are_times_where_the_column_is_called_so(unit: Any, moments: list[pd.Timestamp]) -> None:
    """In each unit they are read as the moment that they are for; in a column of another name if it is given."""
    exact = pd.Series(pd.to_datetime(moments)).dt.floor("s")
    values = exact.dt.as_unit(unit).astype("int64")
    (how,) = readings(values.rename("event_time"), FILE)
    assert read(values.rename("event_time"), how) == list(exact.dt.tz_localize("UTC"))
    assert readings(values.rename("price"), FILE) == ()
    assert len(readings(values.rename("price"), FILE, given=True)) == 1


def test_numbers_are_read_by_sqlite_too() -> None:
    """By its own function, for it has no types of time."""
    values = pd.Series([1_767_225_600_000], name="ts")
    (how,) = readings(values, Source(url="sqlite:///rows.db", table="rows"))
    with sqlite3.connect(":memory:") as con:
        values.to_frame().to_sql("rows", con)
        assert con.execute(f"SELECT {how} FROM rows").fetchone() == ("2026-01-01 00:00:00",)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, False], name="ts"),
        pd.Series(["a", "b"], name="ts"),
        pd.Series([None, None], name="ts", dtype=object),
        pd.Series([1.5, 2.5], name="ts"),
        pd.Series(["31.01.2026", "unknown"], name="ts"),
        pd.Series(["2026-01-31", "2026-02-01"], name="ts"),
        pd.Series(pd.to_datetime(["2026-01-31"]), name="ts"),
    ],
    ids=["booleans", "letters", "nothing", "small numbers", "not all", "ISO", "timestamps"],
)
def test_other_columns_need_no_expression(values: pd.Series) -> None:
    """What is a time already needs none, and there is none for what is not a time."""
    assert readings(values, FILE) == ()


def german(rows: pd.DataFrame, form: str) -> None:
    written = pd.to_datetime(rows["ts"], utc=True).dt.strftime(form)
    rows.assign(ts=written).rename(columns={"ts": "Datum"}).to_csv("rows.csv", index=False)


def test_a_model_file_states_how_its_time_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Day and month, which the first rows leave open, are reported by all; the time keeps its name."""
    monkeypatch.chdir(tmp_path)
    german(stream(40, 30), "%d/%m/%Y %H:%M")
    made = propose("rows.csv", table=None, model=None, target=None, time=None, output=None, force=False)
    columns = load(made.file).columns
    assert columns.time == "Datum"
    assert columns.derived == {"Datum": "strptime(\"Datum\", '%d/%m/%Y %H:%M')"}
    assert "Datum: strptime(\"Datum\", '%d/%m/%Y %H:%M')\n" in made.file.read_text()


def test_what_can_be_read_in_two_ways_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no day is beyond the 12th the user states which; one that does not fit is reported with the value."""
    monkeypatch.chdir(tmp_path)
    german(stream(10, 60), "%d/%m/%Y %H:%M")
    asked: dict[str, Any] = {"table": None, "model": None, "target": None, "output": None, "force": True}
    with pytest.raises(ConfigError, match=r"(?s)'%d/%m/%Y %H:%M'.* or as .*'%m/%d/%Y %H:%M'.*--time-format"):
        propose("rows.csv", time=None, **asked)
    with pytest.raises(ConfigError, match="--time COLUMN"):
        propose("rows.csv", time=None, time_format="%m/%d/%Y %H:%M", **asked)
    with pytest.raises(BadExpression, match="Could not parse"):
        propose("rows.csv", time="Datum", time_format="%d.%m.%Y", **asked)
    made = propose("rows.csv", time="Datum", time_format="%d/%m/%Y %H:%M", **asked)
    assert load(made.file).columns.derived == {"Datum": "strptime(\"Datum\", '%d/%m/%Y %H:%M')"}
