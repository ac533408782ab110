"""What PostgreSQL counts of a window is what counting its rows gives: cell for cell, finding for finding."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.counting import levels
from driftloop.monitoring.counting.plan import NotCounted, Plan, WindowCounts
from driftloop.monitoring.counting.window import count_window
from driftloop.monitoring.drift.reference import describe
from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profiles, first, like, merge
from driftloop.monitoring.quality.lateness import Lateness, lateness
from driftloop.monitoring.quality.tally import Tally, tally
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.windows import inside, within
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from tests.servers.postgres import Postgres

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Window(start=START, end=START + 7 * DAY)
DUE = START + 5 * DAY
LABELED = Window(start=START - 2 * DAY, end=DUE)
TYPES = {
    "ts": "timestamptz",
    "wide": "float8",
    "single": "real",
    "exact": "numeric",
    "big": "bigint",
    "flag": "boolean",
    "said": "text",
    "padded": "char(6)",
    "price": "numeric",
    "ratio": "float8",
    "sent": "boolean",
    "day": "date",
    "lasted": "interval",
    "doc": "jsonb",
    "spare": "float8",
    "trip": "bigint",
    "part": "text",
    "y": "float8",
}
NUMERIC = ("wide", "single", "exact", "big", "flag")
CATEGORICAL = ("said", "padded", "price", "ratio", "sent", "day", "lasted", "doc")
NAN, INF = math.nan, math.inf
EDGES = (0.0, -0.0, 1.0, 1.5, math.nextafter(1.0, 2), math.nextafter(1.0, 0), 5e-324, -5e-324, 2.2e-308)
FLOATS = (*EDGES, NAN, INF, -INF, 1e308, -1e308, 0.1, 0.30000000000000004, 12345.678)
TEXTS = ("", " ", "a", "a ", " a", "A", "\u00e4", "a\u0308", "\u65e5\u672c", "NaN", "null", "\U0001f600")
ODD_TEXTS = (*TEXTS, "'", '"', "\\N", "a,b", "a\nb", "\t", "a" * 5000)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "wide": st.sampled_from(FLOATS) | st.floats(width=64),
    "single": st.sampled_from([0.1, 0.0, -0.0, NAN, INF, 1.5]) | st.floats(width=32),
    "exact": st.sampled_from(["-7.005", "7.005", "NaN", "0.1", "1.00", "1.0", "12345678901234567890.12345"])
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=3).map(str),
    "big": st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**62 + 1, 0]) | st.integers(-99, 99),
    "flag": st.booleans(),
    "said": st.sampled_from(ODD_TEXTS) | st.text(string.printable.replace("\0", ""), max_size=3),
    "padded": st.sampled_from(["a", "a  ", "", "ab", "  a"]),
    "price": st.sampled_from(["1", "1.0", "1.00", "NaN", "2.5", "12345678901234567890.10"]),
    "ratio": st.sampled_from([0.0, -0.0, NAN, INF, 0.1, 1.0, 1e22]),
    "sent": st.booleans(),
    "day": st.sampled_from(["2026-01-01", "infinity", "1969-12-31"]),
    "lasted": st.sampled_from(["1 day", "24 hours", "1 mon", "30 days"]),
    "doc": st.sampled_from(['{"a": 1}', '{"a": 1.0}', "1", '"x"', "null"]),
    "spare": st.sampled_from([0.5, NAN, INF, 7.0]),
    "trip": st.integers(0, 5),
    "part": st.sampled_from(["a", "A", ""]),
    "y": st.sampled_from([0.0, 1.0, 2.5, NAN, INF]),
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(-2 * 24 * 60, 8 * 24 * 60 - 1).map(lambda minute: START + timedelta(minutes=minute)),
            **{name: st.none() | values for name, values in VALUES.items()},
        }
    ),
    min_size=1,
    max_size=40,
)


def config(url: str, table: str = "trips", **changes: Any) -> Monitored:
    features = {"numeric": NUMERIC, "categorical": CATEGORICAL, "extra": {"spare": "numeric"}, "id": ["trip", "part"]}
    return Monitored.model_validate(
        {
            "model": "counted",
            "task": "regression",
            "source": {"url": url, "table": table},
            "columns": {"time": "ts", "target": "y", **features, **changes},
        }
    )


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty table of every type."""
    place = postgres.place()
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    postgres.execute(f"CREATE TABLE trips ({columns})", place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", postgres.password)
        yield postgres.url(place, password="${SHOP_PASSWORD}")


def fill(postgres: Postgres, url: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put these rows in place of all others."""
    with psycopg.connect(url.replace("${SHOP_PASSWORD}", postgres.password), autocommit=True) as con:
        con.execute("DELETE FROM trips")
        with con.cursor() as cursor:
            marks = ", ".join(f"%s::{kind}" for kind in TYPES.values())
            cursor.executemany(f"INSERT INTO trips VALUES ({marks})", [[row[name] for name in TYPES] for row in rows])


def known(read: Fresh, project: Monitored) -> tuple[Any, Profiles]:
    """The reference that a model trained on these rows has, with the profiles of its columns."""
    rows = plain(read.frame).assign(**{PREDICTION: 0.0})
    reference = describe(rows, project, window=WEEK, source_types={}, loss=1.0, loss_rows=len(rows))
    return reference, first(rows, {name: project.kind(name) for name in (*NUMERIC, *CATEGORICAL, "y")})


def by_rows(read: Fresh, project: Monitored, reference: Any, profiles: Profiles) -> tuple[Profiles, Tally, Lateness]:
    """The same counts, made of rows as a check makes them."""
    made: list[Profiles] = []
    tallies: list[Tally] = []
    late = Lateness()
    for piece in read.pieces():
        late += lateness(piece, "ts", "y")
        rows = within(piece, "ts", WEEK)
        due = (rows["ts"] < DUE).to_numpy()
        tallies.append(tally(rows, reference, "y", due))
        made.append(like(profiles, rows.assign(y=rows["y"].where(due, None))))
    return merge(*made), reduce(add, tallies), late


def assert_same(counts: WindowCounts, profiles: Profiles, tallies: Tally) -> None:
    """Every count is equal, and sums are to rounding."""
    assert counts.profiles.rows == profiles.rows
    for name, expected in profiles.items():
        found = counts.profiles[name]
        assert found.counts.tolist() == expected.counts.tolist(), name
        assert found.nulls == expected.nulls, name
        if isinstance(expected, CategoricalProfile) and isinstance(found, CategoricalProfile):
            assert (found.levels, found.other) == (expected.levels, expected.other), name
        if isinstance(expected, NumericProfile) and isinstance(found, NumericProfile):
            assert (found.infinite, found.low, found.high) == pytest.approx(
                (expected.infinite, expected.low, expected.high), rel=0, abs=0, nan_ok=True
            ), name
            size = max(abs(expected.fence_low), abs(expected.fence_high), 1.0)
            np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-9, atol=1e-9 * size, err_msg=name)
            assert found.m2 == pytest.approx(expected.m2, rel=1e-6, abs=1e-9 * size * size), name
    for name, counted in {**tallies.columns, "y": tallies.due}.items():
        found_counts = counts.tally.due if name == "y" else counts.tally.columns[name]
        for fact in ("rows", "nulls", "outside", "unseen", "unseen_counts", "varied", "least"):
            assert getattr(found_counts, fact) == getattr(counted, fact), (name, fact)
        if counted.present and not counted.varied:
            assert found_counts.only == counted.only, name


def assert_counted_is_read(
    postgres: Postgres,
    url: str,
    before: Sequence[dict[str, Any]],
    now: Sequence[dict[str, Any]],
    by_row: dict[str, str] | None = None,
    **changes: Any,
) -> None:
    """Everything that is counted of `now`, in the cells of `before`, is what its rows give."""
    project, folder = config(url, **changes), Path()
    fill(postgres, url, before)
    reference, profiles = known(read_fresh(Query(project, LABELED, folder)), project)
    fill(postgres, url, [*now, *now[:2]])
    plan = Plan(reference, profiles, WEEK, LABELED, DUE, sample=10, labels=True, forced=True)
    with count_window(project, plan, folder, 7) as (counts, labeled):
        frames = pd.concat(list(labeled.frames))
    read = read_fresh(Query(project, plan.span, folder))
    expected, tallies, late = by_rows(read, project, reference, profiles)
    assert counts.rows == read.count(WEEK)
    assert_same(counts, expected, tallies)
    assert counts.repeated_share == pytest.approx(read.repeated_share(WEEK))
    assert counts.late == late
    found = tuple(finding for one in counts.coerced for finding in one.findings())
    assert found == read_fresh(Query(project, WEEK, folder)).findings
    there = plain(read.frame)
    labels_there = inside(there["ts"], LABELED) & there["y"].notna().to_numpy()
    assert counts.labeled == labels_there.sum() == len(frames)
    assert counts.ids is not None
    assert read.joined is not None
    ids = read.joined.counted(WEEK)
    assert (counts.ids.rows, counts.ids.keyless, counts.ids.repeated) == (ids.rows, ids.keyless, ids.repeated)
    reasons = by_row or {}
    assert set(counts.by_row) == set(reasons)
    assert all(reason in counts.by_row[name] for name, reason in reasons.items())


def bodies() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two tables that have every hard value in every part of the span, and nulls."""
    hard: dict[str, list[Any]] = {
        "wide": [*FLOATS],
        "single": [0.1, 0.0, -0.0, NAN, INF, 1.5],
        "exact": ["-7.005", "7.005", "NaN", "0.1", "1.00", "1.0", "12345678901234567890.12345"],
        "big": [2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**62 + 1, 0, 1],
        "flag": [True, False],
        "said": [*ODD_TEXTS],
        "padded": ["a", "a  ", "", "ab", "  a"],
        "price": ["1", "1.0", "1.00", "NaN", "2.5", "12345678901234567890.10"],
        "ratio": [0.0, -0.0, NAN, INF, 0.1, 1.0, 1e22],
        "sent": [True, False],
        "day": ["2026-01-01", "infinity", "1969-12-31"],
        "lasted": ["1 day", "24 hours", "1 mon", "30 days"],
        "doc": ['{"a": 1}', '{"a": 1.0}', "1", '"x"', "null"],
        "spare": [0.5, NAN, INF, 7.0],
        "trip": list(range(50)),
        "part": ["a", "A", ""],
        "y": [0.0, 1.0, 2.5, NAN, INF],
    }
    tables = []
    for step in (1, 3):
        columns = {name: [None, *values] for name, values in hard.items()}
        tables.append(
            [
                {
                    "ts": START + timedelta(hours=at - 40),
                    **{name: values[step * at % len(values)] for name, values in columns.items()},
                }
                for at in range(200)
            ]
        )
    return tables[0], tables[1]


def test_the_hard_values_are_counted_as_they_are_read(postgres: Postgres, url: str) -> None:
    """NaN and null, infinities, both zeros, denormals, values on an edge, exact and huge numbers, odd text."""
    before, now = bodies()
    assert_counted_is_read(postgres, url, before, now)
    # in the cells of 256 quantiles as well as in those of each value
    many = [row | {"wide": (at * 7919 % 1000) / 7} for at, row in enumerate(before * 5)]
    assert_counted_is_read(postgres, url, many, [*many[::3], *now])


def test_a_column_with_too_many_values_is_read(postgres: Postgres, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It alone, in the same view of the table, and its counts are the same."""
    monkeypatch.setattr(levels, "MOST_VALUES", 5)
    before, now = bodies()
    many = "it has more than 5 different values"
    assert_counted_is_read(postgres, url, before, now, by_row={"said": many, "ratio": many})


def test_what_the_database_refuses_is_read(postgres: Postgres, url: str) -> None:
    """Numbers that no double holds end the count with the database's reason, and the rows can be read."""
    project, (before, now) = config(url), bodies()
    fill(postgres, url, before)
    reference, profiles = known(read_fresh(Query(project, LABELED, Path())), project)
    fill(postgres, url, [row | {"exact": "1e400"} for row in now])
    plan = Plan(reference, profiles, WEEK, LABELED, DUE, sample=10, labels=True)
    with (
        pytest.raises(NotCounted, match="the database refused to count: "),
        count_window(project, plan, Path(), 7),
    ):
        pass
    assert read_fresh(Query(project, WEEK, Path())).count(WEEK) > 100


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("clocks", {"time_zone": "Europe/Berlin"}),
        ("days", {"time_zone": "Asia/Tokyo"}),
        ("trips", {"derived": {"said": "coalesce(said, 'none') || padded"}, "filter": "price IS DISTINCT FROM 1"}),
        ("blind", {}),
    ],
)
def test_any_kind_of_time_and_expression_is_counted(
    postgres: Postgres, url: str, table: str, changes: dict[str, Any]
) -> None:
    """Times without a zone, days, derived columns, a filter, and a collation for which `a` and `A` are equal."""
    others = ", ".join(name for name in TYPES if name not in ("ts", "said"))
    place = url.rpartition("%3D")[2]
    views = {
        "clocks": f"SELECT ts AT TIME ZONE 'Europe/Berlin' AS ts, said, {others} FROM trips",
        "days": f"SELECT ts::date AS ts, said, {others} FROM trips",
        "blind": f"SELECT ts, said COLLATE blind AS said, {others} FROM trips",
    }
    if table == "blind":
        how = "provider = icu, locale = 'und-u-ks-level2', deterministic = false"
        postgres.execute(f"CREATE COLLATION IF NOT EXISTS blind ({how})", place)
    if table in views:
        postgres.execute(f"CREATE OR REPLACE VIEW {table} AS {views[table]}", place)
    before, now = bodies()
    assert_counted_is_read(postgres, url, before, now, table=table, **changes)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, now=ROWS)
def test_any_table_is_counted_as_it_is_read(
    postgres: Postgres, url: str, before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    """For any rows and any reference: profiles, tallies, coerced values, repetitions and times are equal."""
    assert_counted_is_read(postgres, url, before, now)


@pytest.mark.faults
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, now=ROWS)
def test_very_many_tables_are_counted_as_they_are_read(
    postgres: Postgres, url: str, before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    """The same law, for more tables."""
    assert_counted_is_read(postgres, url, before, now)
