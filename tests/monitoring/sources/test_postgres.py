"""A table of a real PostgreSQL server is read whole, by window, with rights to read alone; what fails is reported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.errors import BadExpression, DriverMissing, MissingColumns, NotATime, SourceMissing
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, sample, span, timecolumn
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.opening import opened
from tests.servers.postgres import Postgres
from tests.tables import WEEK, columns

Shop = Callable[..., Source]
TRIPS = "CREATE TABLE trips (ts timestamptz, fare numeric(9, 2), kind text, y int)"
ROWS = """INSERT INTO trips VALUES ('2025-12-31 23:59:59.999999+00', 0, 'a', 1), ('2026-01-01 00:00+00', 1.25, 'a', 1),
    ('2026-01-08 00:59:59.999999+01', 2.5, NULL, 0), ('2026-01-08 00:00+00', 3, 'b', 1), ('infinity', 4, 'b', 1)"""


def test_any_type_of_column_comes_through(shop: Shop, tmp_path: Path) -> None:
    """Numbers stay numbers, categories digits, times times, and the rest is text; null is null, no letters are none."""
    source = shop(
        "CREATE TYPE level AS ENUM ('low', 'high')",
        "CREATE DOMAIN money_ AS numeric(12, 2)",
        """CREATE TABLE trips (ts timestamp, y smallint, flag boolean, big bigint, small real, price numeric,
            paid money_, day date, at timestamptz, raw bytea, said text, code char(4), level level, doc jsonb,
            list int[], id uuid, lasted interval, "o'dd ""name" int)""",
        r"""INSERT INTO trips VALUES ('2026-01-02 10:00:00.123456', 7, true, 9007199254740992, 1.5, 'NaN', 1e9,
            '1969-12-31', '2026-07-01 12:00+02', '\x00ff', E'a "b",\nc', 'ab', 'high', '{"a": 1}', '{1,2}',
            '00000000-0000-0000-0000-000000000001', '1 day', 1)""",
        "INSERT INTO trips (ts, said) VALUES ('2026-01-03', '')",
        "INSERT INTO trips (ts, day, at) VALUES ('2026-01-04', 'infinity', '-infinity')",
    )
    every = [name for name in sample(source, tmp_path).columns if name not in ("ts", "y")]
    rows = read_rows(source, columns(numeric=(), categorical=tuple(every)), WEEK, tmp_path)
    first, second, third = (rows.frame.iloc[at] for at in range(3))
    assert first["ts"] == pd.Timestamp("2026-01-02 10:00:00.123456", tz="UTC")
    assert (first["flag"], first["big"], first["small"]) == (True, 9007199254740992, 1.5)
    assert pd.isna(first["price"])
    assert (first["paid"], first["day"], first["raw"]) == ("1000000000", date(1969, 12, 31), b"\x00\xff")
    assert first["at"] == pd.Timestamp("2026-07-01 10:00", tz="UTC")
    assert (first["said"], first["code"], first["level"]) == ('a "b",\nc', "ab", "high")
    assert (first["doc"], first["list"], first["lasted"]) == ('{"a": 1}', "{1,2}", "1 day")
    assert second["said"] == ""
    assert third[[name for name in rows.frame.columns if name != "ts"]].isna().all()
    assert (rows.schema["paid"], rows.schema["at"]) == ("money_", "timestamp with time zone")


def test_a_window_is_exact_in_every_kind_of_time(shop: Shop, tmp_path: Path) -> None:
    """To the microsecond, with zones, by days and as text; infinity is in no window."""
    source = shop(TRIPS, ROWS)
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].tolist() == [1.25, 2.5]
    assert count_rows(source, columns(), WEEK, tmp_path) == 2
    found = span(source, columns(), tmp_path)
    assert found is not None
    assert (found.start.microsecond, found.end.isoformat()) == (999999, "2026-01-08T00:00:00.000001+00:00")
    shop("CREATE VIEW days AS SELECT ts::date AS ts, fare, kind, y FROM trips WHERE fare < 4")
    shop("CREATE MATERIALIZED VIEW texts AS SELECT ts::text AS ts, fare, kind, y FROM trips WHERE fare < 4")
    for name in ("days", "texts"):
        assert count_rows(shop(table=name), columns(), WEEK, tmp_path) == 2
    odd = shop("CREATE VIEW odd AS SELECT ts::text AS ts, fare, kind, y FROM trips", table="odd")
    with pytest.raises(NotATime, match="holds text that is not a time, such as 'infinity'"):
        count_rows(odd, columns(), WEEK, tmp_path)


def test_expressions_are_in_its_own_dialect_and_in_the_zone_of_the_config(shop: Shop, tmp_path: Path) -> None:
    """An hour is that of the clock in columns.time_zone, whatever zone the server keeps; a filter is a condition."""
    config = columns(
        numeric=("hour", "half"),
        derived={"hour": "extract(hour FROM ts)::int", "half": "fare / 2"},
        filter="kind IS NOT NULL AND kind NOT LIKE 'c%'",
        time_zone="Asia/Tokyo",
    )
    frame = read_rows(shop(TRIPS, ROWS), config, WEEK, tmp_path).frame
    assert frame[["hour", "half"]].values.tolist() == [[9, 0.625]]
    with pytest.raises(BadExpression, match=r"columns\.derived\.half: 'fare / \(y - 1\)': division by zero"):
        read_rows(shop(), columns(numeric=("half",), derived={"half": "fare / (y - 1)"}), WEEK, tmp_path)
    with pytest.raises(
        BadExpression, match=r"columns\.filter: 'nothing\(fare\)': function nothing\(numeric\) does not"
    ):
        count_rows(shop(), columns(filter="nothing(fare)"), WEEK, tmp_path)


def test_only_the_needed_columns_and_rows_are_read(shop: Shop, postgres: Postgres, tmp_path: Path) -> None:
    """The server's own plan: the index on the time is used, and no other column leaves the scan."""
    source = shop(
        "CREATE TABLE trips AS SELECT timestamptz '2026-01-01' + n * interval '1 minute' AS ts, n AS fare, "
        "'a' AS kind, 1 AS y, repeat('spare', 20) AS spare FROM generate_series(1, 20000) AS n",
        "CREATE INDEX ON trips (ts)",
        "ANALYZE trips",
    )
    config = columns(derived={"z": "fare * 2"}, filter="z > 1")
    window = Window(start=datetime(2026, 1, 3), end=datetime(2026, 1, 3, 1))
    with opened(source, tmp_path, config) as relation:
        within = timecolumn.within_sql(relation, config, window, "aware")
        plan = "\n".join(row[0] for row in relation.engine.con.raw_sql(f"EXPLAIN (VERBOSE) SELECT ts, z FROM {within}"))
    assert "Index Scan" in plan
    assert "spare" not in plan
    assert len(read_rows(source, config, window, tmp_path).frame) == 60


def test_a_role_that_may_only_read_is_enough(shop: Shop, postgres: Postgres, tmp_path: Path) -> None:
    """Not even a temporary table is made. Without the right to read, the role is reported, and its password is not."""
    source = shop(TRIPS, ROWS)
    place = str(source.url).rpartition("%3D")[2]
    postgres.execute(f"CREATE ROLE reader_{place} LOGIN PASSWORD 'let-me-in'")
    postgres.execute(
        f"REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; GRANT USAGE ON SCHEMA {place} TO reader_{place}"
    )
    url = postgres.url(place, role=f"reader_{place}", password="${SHOP_PASSWORD}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", "let-me-in")
        reader = Source(url=url, table=f"{place}.trips")
        with pytest.raises(SourceMissing, match="permission denied for table trips") as caught:
            read_rows(reader, columns(), WEEK, tmp_path)
        assert "may SELECT" in str(caught.value)
        assert "let-me-in" not in str(caught.value)
        postgres.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {place} TO reader_{place}")
        assert len(read_rows(reader, columns(), WEEK, tmp_path).frame) == 2
    with opened(source, tmp_path, None) as relation, pytest.raises(Exception, match="read-only transaction"):
        relation.engine.con.raw_sql("DELETE FROM trips")


def test_what_is_not_there_is_reported(shop: Shop, postgres: Postgres, tmp_path: Path) -> None:
    """A table, a column, a password, a database or a server: found, what to do, and never the password."""
    source = shop(TRIPS, ROWS)
    with pytest.raises(SourceMissing, match=r"no such table; the database has .*'trips'"):
        count_rows(shop(table="rides"), columns(), WEEK, tmp_path)
    with pytest.raises(MissingColumns, match="no column 'tip'"):
        count_rows(source, columns(numeric=("tip",)), WEEK, tmp_path)
    wrong = {
        str(source.url).replace("SHOP_PASSWORD", "WRONG_PASSWORD"): "password authentication failed",
        str(source.url).replace("/postgres?", "/nowhere?"): 'database "nowhere" does not exist',
        str(source.url).replace(f":{postgres.port}/", ":1/"): "refused",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WRONG_PASSWORD", "hush-hush")
        for url, why in wrong.items():
            with pytest.raises(SourceMissing, match=why) as caught:
                count_rows(Source(url=url, table="trips"), columns(), WEEK, tmp_path)
            assert "check source.url" in str(caught.value)
            assert not [secret for secret in ("hush-hush", postgres.password) if secret in str(caught.value)]


def test_a_server_that_becomes_unavailable_while_it_is_read_is_missing(
    shop: Shop, postgres: Postgres, tmp_path: Path
) -> None:
    """Which a retry may cure: it is not taken for broken data."""
    opening = opened(shop(TRIPS, ROWS), tmp_path, columns())
    relation = opening.__enter__()
    postgres.disconnect()
    with pytest.raises(EngineError) as failed:
        relation.fetch("SELECT 1 AS n")
    with pytest.raises(SourceMissing, match="terminating connection"):
        opening.__exit__(failed.type, failed.value, failed.tb)


def test_a_driver_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without psycopg a table of PostgreSQL states what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DriverMissing, match="psycopg, which is not installed") as caught:
        count_rows(Source(url="postgres://ann@host/db", table="trips"), columns(), WEEK, tmp_path)
    assert "pip install '.[postgres]'" in str(caught.value)
