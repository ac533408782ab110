"""Laws of types: a value is read the same whatever other rows, files and columns hold, and NaN is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import DuplicateColumns, NamesDiffer, NotATime, SourceUnreadable, TypeMisfit
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import conform, numbers, shortened
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, sample
from tests.tables import HEADER, WEEK, columns, csv, parquet, trips

DAY = "2026-01-02 00:00:00"


def kinds(source: Source, folder: Path, name: str = "kind", **changes: Any) -> list[str | None]:
    return labels(read_rows(source, columns(**changes), WEEK, folder).frame[name]).tolist()


def of_csv(*values: str) -> str:
    return HEADER + "".join(f"{DAY},1,{value},1\n" for value in values)


@pytest.mark.parametrize("value", ["true", "False", "1.10", "007", "1e5", "10e4", "2026-01-01", "12345678901234567891"])
@pytest.mark.parametrize("other", ["", "unknown", "2.5", "NA"])
def test_a_category_of_a_csv_is_its_text(tmp_path: Path, value: str, other: str) -> None:
    """Whatever is in another row or in another file of the glob."""
    assert kinds(csv(tmp_path, of_csv(value, other)), tmp_path)[0] == value
    csv(tmp_path, of_csv(other), "z.csv")
    assert kinds(Source(path="*.csv"), tmp_path)[0] == value


def test_a_class_of_a_csv_is_its_text(tmp_path: Path) -> None:
    """The target is typed by the task: text for classes, numbers for a regression."""
    source = csv(tmp_path, HEADER + f"{DAY},1,a,true\n{DAY},1,a,1.50\n")
    classes = read_rows(source, columns(types={"y": "text"}), WEEK, tmp_path).frame["y"]
    assert classes.tolist() == ["true", "1.50"]
    amounts = read_rows(source, columns(types={"y": "number"}), WEEK, tmp_path).frame["y"]
    assert amounts.tolist() == ["true", 1.5]


def test_what_is_not_a_number_is_reported_with_file_and_line(tmp_path: Path) -> None:
    """The other rows are numbers; the finding counts the rest and names the first place."""
    csv(tmp_path, of_csv("a"), "a.csv")
    csv(tmp_path, HEADER + f'{DAY},1.5,"a\nb",1\n{DAY},?,a,1\n{DAY},-,a,1\n{DAY},NA,a,1\n', "b.csv")
    rows = read_rows(Source(path="*.csv"), columns(), WEEK, tmp_path)
    made, coerced = numbers(rows.frame["fare"], "fare")
    assert made.dropna().tolist() == [1.0, 1.5]
    (finding,) = coerced.findings()
    assert "2 of 4 values are not numbers, such as '?'" in finding.message
    assert "b.csv, line 4" in finding.message


def test_a_declared_notation_is_the_only_one(tmp_path: Path) -> None:
    """`types` reads 1.234 as a thousand where it is declared, and never as 1.234 where it does not fit."""
    source = csv(tmp_path, HEADER.replace(",", ";") + f"{DAY};1.234;a;1\n{DAY};1.5;a;1\n{DAY};2,5;a;1\n")
    frame = read_rows(source, columns(types={"fare": "decimal_comma"}), WEEK, tmp_path).frame
    made, coerced = numbers(frame["fare"], "fare")
    assert made.tolist()[::2] == [1234.0, 2.5]
    assert np.isnan(made[1])
    assert coerced.lost == 1


@pytest.mark.parametrize("numbers_as", [[1.234, 2.5, 7.0], [Decimal("1.234"), Decimal("2.500"), Decimal("7.000")]])
def test_numbers_next_to_text_with_commas_stay_what_they_are(tmp_path: Path, numbers_as: list[Any]) -> None:
    """In a glob with a file of text and a file of numbers, 1.234 of the numbers does not become a thousand."""
    parquet(tmp_path, "a.parquet", **(trips() | {"fare": ["1.234,5", "2,5", None]}))
    parquet(tmp_path, "b.parquet", **(trips() | {"fare": numbers_as}))
    frame = read_rows(Source(path="*.parquet"), columns(types={"fare": "decimal_comma"}), WEEK, tmp_path).frame
    assert sorted(frame["fare"].dropna()) == [1.234, 2.5, 2.5, 7.0, 1234.5]


FLAG, MOMENT = pa.array([True, False, None]), pa.array([1, 2, 3], pa.timestamp("us"))


@pytest.mark.parametrize(
    ("values", "kind", "there"),
    [
        ([1.5, 2.0, 3.0], "integer", "DOUBLE"),
        ([1, 2, 3], "boolean", "BIGINT"),
        ([1, 2, 3], "timestamp", "BIGINT"),
        (FLAG, "date", "BOOLEAN"),
        (MOMENT, "number", "TIMESTAMP"),
        (MOMENT, "decimal_comma", "TIMESTAMP"),
    ],
)
def test_a_declared_type_that_the_column_does_not_have_is_refused(
    tmp_path: Path, values: Any, kind: str, there: str
) -> None:
    """Parquet and tables of DuckDB have types; another one in the config would have no effect, and is refused."""
    source = parquet(tmp_path, **(trips() | {"until": values}))
    table = Source(url="duckdb://x.duckdb", table="trips")
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute(f"CREATE TABLE trips AS SELECT * FROM '{tmp_path}/rows.parquet'")
    for read in (source, table):
        with pytest.raises(TypeMisfit, match=rf"until has the type {there}, and columns\.types has it as {kind}"):
            read_rows(read, columns(types={"until": kind}), WEEK, tmp_path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "integer"),
        ([1.5, 2.0, 3.0], "decimal_comma"),
        ([1.5, 2.0, 3.0], "number"),
        (FLAG, "boolean"),
        (MOMENT, "timestamp"),
        ([1, 2, 3], "text"),
        (["1", "2", "3"], "integer"),
    ],
)
def test_a_declared_type_that_the_column_has_passes(tmp_path: Path, values: Any, kind: str) -> None:
    """A type that repeats the column's own, a notation next to numbers, and text for a category change nothing."""
    source = parquet(tmp_path, **(trips() | {"until": values}))
    assert len(read_rows(source, columns(types={"until": kind}), WEEK, tmp_path).frame) == 3


def test_files_that_write_numbers_in_two_ways_are_refused(tmp_path: Path) -> None:
    """1.234 of one file would be a thousand times the 1.234 of the other."""
    csv(tmp_path, HEADER.replace(",", ";") + f"{DAY};1,5;a;1\n", "a.csv")
    csv(tmp_path, HEADER.replace(",", ";") + f"{DAY};1.5;a;1\n", "b.csv")
    with pytest.raises(SourceUnreadable, match=r"a\.csv: .*decimal comma, the numbers of .*b\.csv a decimal point"):
        count_rows(Source(path="*.csv"), columns(), WEEK, tmp_path)


def test_a_declared_type_that_does_not_fit_is_refused_with_its_place(tmp_path: Path) -> None:
    """A column that only expressions read has no finding to be counted in."""
    source = csv(tmp_path, of_csv("a").replace("kind", "kind,until").replace(",a,", f",a,{DAY},"))
    config = columns(types={"until": "timestamp"}, derived={"left": "date_diff('hour', ts, until)"}, numeric=("left",))
    assert read_rows(source, config, WEEK, tmp_path).frame["left"].tolist() == [0]
    source = csv(tmp_path, (tmp_path / "rows.csv").read_text() + f"{DAY},1,a,soon,1\n")
    with pytest.raises(SourceUnreadable, match=r"rows\.csv, line 3: .*'soon' in until is not of the type timestamp"):
        read_rows(source, config, WEEK, tmp_path)


def test_a_time_that_is_none_is_reported_with_its_line(tmp_path: Path) -> None:
    """Before any expression over the time fails on it."""
    source = csv(tmp_path, of_csv(*"abc") + "Total,3,,\n")
    with pytest.raises(NotATime, match=r"rows\.csv, line 5: .* such as 'Total'"):
        read_rows(source, columns(derived={"hour": "hour(ts)"}, numeric=("hour",)), WEEK, tmp_path)


IDS = {
    "int64": (pa.array([2**60 + 1, 2**60 + 2, None], pa.int64()), [str(2**60 + 1), str(2**60 + 2), None]),
    "decimal": (pa.array([Decimal(10**37 + 1), Decimal(10**37 + 2), None]), [str(10**37 + 1), str(10**37 + 2), None]),
    "cents": (pa.array([Decimal("1.10"), Decimal("2.00"), None]), ["1.1", "2", None]),
    "bytes": (pa.array([b"\xff\x01", b"\xff\x02", None]), ["0xff01", "0xff02", None]),
    "text in bytes": (pa.array([b"oslo", b"rome", None]), ["oslo", "rome", None]),
    "flag": (pa.array([True, False, None]), ["True", "False", None]),
    "float": (pa.array([1.0, 2.5, None]), ["1", "2.5", None]),
}


@pytest.mark.parametrize("case", IDS)
def test_categories_of_parquet_and_duckdb_keep_their_spelling(tmp_path: Path, case: str) -> None:
    """A null next to it, or a file of another type, changes no category and merges no two of them."""
    values, spelled = IDS[case]
    source = parquet(tmp_path, **(trips() | {"kind": values}))
    assert kinds(source, tmp_path) == spelled
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute(f"CREATE TABLE trips AS SELECT * FROM '{tmp_path}/rows.parquet'")
    assert kinds(Source(url="duckdb://x.duckdb", table="trips"), tmp_path) == spelled
    for at, other in enumerate((["x"] * 3, [0.5] * 3, [7] * 3)):
        parquet(tmp_path, f"z{at}.parquet", **(trips() | {"kind": other}))
        if "bytes" not in case:
            assert kinds(Source(path="*.parquet"), tmp_path)[:1] == spelled[:1]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_categories_of_databases_keep_their_spelling(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    """Ids beyond 2^53, exact numbers and bytes are one level each, with a null next to them."""
    rows = f"('{DAY}', 1.5, {2**60 + 1}, 1), ('{DAY}', 1.5, {2**60 + 2}, 1), ('{DAY}', 1.5, NULL, 1)"
    made = "CREATE TABLE trips (ts TIMESTAMP, fare NUMERIC, kind BIGINT, y INTEGER)"
    if engine == "postgres":
        source = request.getfixturevalue("shop")(made, f"INSERT INTO trips VALUES {rows}")
    else:
        with closing(sqlite3.connect(tmp_path / "x.db")) as con:
            con.execute(made)
            con.execute(f"INSERT INTO trips VALUES {rows}")
            con.commit()
        source = Source(url="sqlite:///x.db", table="trips")
    assert kinds(source, tmp_path) == [str(2**60 + 1), str(2**60 + 2), None]
    if engine == "postgres":
        exact = request.getfixturevalue("shop")("ALTER TABLE trips ALTER kind TYPE numeric(38, 0)")
        assert kinds(exact, tmp_path) == [str(2**60 + 1), str(2**60 + 2), None]


def test_decimals_are_the_nearest_floats(tmp_path: Path) -> None:
    """As Python reads their digits, to the last bit."""
    rng = np.random.default_rng(0)
    texts = [
        f"{whole}.{part:018d}" for whole, part in zip(*rng.integers(0, [[10**9], [10**18]], (2, 2000)), strict=True)
    ]
    fares = pa.array([Decimal(text) for text in texts], pa.decimal128(38, 18))
    source = parquet(tmp_path, **(trips([WEEK.start] * 2000) | {"fare": fares}))
    assert read_rows(source, columns(), WEEK, tmp_path).frame["fare"].tolist() == [float(text) for text in texts]


def test_nan_is_missing_in_every_expression(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """In filters and derived columns, whatever the statistics of a parquet file say."""
    fares = np.random.default_rng(0).normal(40, 10, 543)
    fares[::7] = np.nan
    source = parquet(tmp_path, **(trips([WEEK.start] * 543) | {"fare": fares}))
    there = ~np.isnan(fares)
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute(f"CREATE TABLE trips AS SELECT * FROM '{tmp_path}/rows.parquet'")
    values = ", ".join(f"('2026-01-01', '{fare}', 'a', 1)" for fare in fares)
    shop: Callable[..., Source] = request.getfixturevalue("shop")
    server = shop(
        "CREATE TABLE trips (ts TIMESTAMP, fare DOUBLE PRECISION, kind TEXT, y INTEGER)",
        f"INSERT INTO trips VALUES {values}",
    )
    for place in (source, Source(url="duckdb://x.duckdb", table="trips"), server):

        def rows(**changes: Any) -> int:
            return count_rows(place, columns(**changes), WEEK, tmp_path)  # noqa: B023

        assert rows(filter="fare IS NULL") == (~there).sum()
        assert rows(filter="fare > 40") == (fares > 40).sum()
        assert rows(filter="NOT fare > 40") == (fares <= 40).sum()
        assert rows(filter="twice > 80", derived={"twice": "fare + fare"}) == (fares > 40).sum()
        assert rows(filter="gone IS NULL", derived={"gone": "fare - fare / 0.5 * 0.5"}) == (~there).sum()
        frame = read_rows(place, columns(filter="fare > 40 OR fare IS NULL"), WEEK, tmp_path).frame
        assert numbers(frame["fare"], "fare")[0].isna().sum() == (~there).sum()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_folders_are_columns(tmp_path: Path, ending: str) -> None:
    """CSV and parquet in folders such as month=01: text as it is written, numbers where the config reports it."""
    for month in ("01", "02", "x y"):
        place = tmp_path / f"month={month.replace(' ', '%20')}" / "year=2026"
        place.mkdir(parents=True)
        if ending == "csv":
            csv(place, HEADER.replace("kind,", "") + f"{DAY},1.5,1\n")
        else:
            parquet(place, **{name: values for name, values in trips(rows=1).items() if name != "kind"})
    source = Source(path=f"*/*/*.{ending}")
    config = columns(categorical=("month",), numeric=("fare", "year"), filter="year > 2025")
    frame = read_rows(source, config, WEEK, tmp_path).frame
    assert sorted(frame["month"]) == ["01", "02", "x y"]
    assert frame["year"].tolist() == [2026] * 3
    assert set(sample(source, tmp_path)["month"]) == {"01", "02", "x y"}


def test_a_name_for_two_columns_is_refused(tmp_path: Path) -> None:
    """In one parquet file, and by its case in two files. Of names that differ in case the wanted one is read."""
    data = trips()
    table = pa.table(
        [data["ts"], data["fare"], [7.0] * 3, data["kind"], data["y"]], ["ts", "fare", "fare", "kind", "y"]
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    source = Source(path="rows.parquet")
    for call in (read_rows, count_rows):
        with pytest.raises(DuplicateColumns, match=r"rows\.parquet: more than one column has the name 'fare'"):
            call(source, columns(), WEEK, tmp_path)
    with pytest.raises(DuplicateColumns):
        sample(source, tmp_path)
    parquet(tmp_path, "a.parquet", **({"FARE": [9.0] * 3} | data))
    assert read_rows(Source(path="a.parquet"), columns(), WEEK, tmp_path).frame["fare"].tolist() == [0, 1, 2]
    csv(tmp_path, f"ts,FARE,fare,kind,y\n{DAY},9,1.5,a,1\n", "b.csv")
    assert read_rows(Source(path="b.csv"), columns(), WEEK, tmp_path).frame["fare"].tolist() == [1.5]
    assert list(sample(Source(path="b.csv"), tmp_path)) == ["ts", "FARE", "fare", "kind", "y"]
    with pytest.raises(DuplicateColumns):
        read_rows(Source(path="b.csv"), columns(numeric=("fare", "FARE")), WEEK, tmp_path)
    for name, header in (("c1.csv", HEADER), ("c2.csv", HEADER.replace("fare", "Fare"))):
        csv(tmp_path, header + f"{DAY},1.5,a,1\n", name)
    with pytest.raises(NamesDiffer, match=r"c2\.csv: its column is called 'Fare'; other files call it 'fare'"):
        read_rows(Source(path="c*.csv"), columns(), WEEK, tmp_path)


def test_expressions_see_columns_by_their_types(tmp_path: Path) -> None:
    """Numbers, text for categories, and for other columns what all of their values are."""
    source = csv(tmp_path, f"ts,fare,kind,y,zone,until\n{DAY},1.5,07,1,12,2026-01-02\n{DAY},2.5,8,1,140,2026-01-03\n")
    config = columns(
        derived={"far": "zone > 100 AND until > DATE '2026-01-02'"}, filter="kind IN ('07', '8') AND fare > 1"
    )
    config = Columns(**{**config.model_dump(), "categorical": ("kind", "far")})
    assert read_rows(source, config, WEEK, tmp_path).frame["far"].tolist() == [False, True]


def test_a_column_may_be_text_to_the_expression_of_its_own_name(tmp_path: Path) -> None:
    """Money with a sign is read the same in a file where every amount happens to look like a number."""
    for name, fares in (("a", ["1.148,55 €", "85,46 €"]), ("b", ["1.148", "85"])):
        lines = [f"2026-01-0{at + 1};{fare};rome;1" for at, fare in enumerate(fares)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["ts;fare;zone;y", *lines]) + "\n")
    how = "TRY_CAST(replace(replace(replace(fare, ' €', ''), '.', ''), ',', '.') AS DOUBLE)"
    named = Columns(
        time="ts", target="y", numeric=("fare",), categorical=("zone",), types={"fare": "text"}, derived={"fare": how}
    )
    week = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 8, tzinfo=UTC))
    both = read_rows(Source(path="*.csv"), named, week, tmp_path).frame
    assert sorted(both["fare"]) == [85.0, 85.46, 1148.0, 1148.55]
    assert sorted(read_rows(Source(path="b.csv"), named, week, tmp_path).frame["fare"]) == [85.0, 1148.0]
    with pytest.raises(ValidationError, match="text, for an expression that reads the source column of its own name"):
        Columns(time="ts", target="y", numeric=("fare",), types={"fare": "number"}, derived={"fare": how})


def test_long_text_is_cut_while_it_is_read(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """By every engine in the same way: different texts stay different, short ones as they are."""
    texts = ["a" * 9000, "a" * 8999 + "b", "\u00e4" * 4096, "x"]
    expected = [shortened(text) for text in texts]
    assert len(set(expected)) == 4
    assert [len(text) for text in expected] == [4132, 4132, 4096, 1]
    parquet(tmp_path, **(trips(rows=4) | {"kind": pa.array(texts)}))
    csv(tmp_path, of_csv(*texts))
    made = "CREATE TABLE trips (ts TIMESTAMP, fare NUMERIC, kind TEXT, y INTEGER)"
    values = ", ".join(f"('{DAY}', 1, '{text}', 1)" for text in texts)
    rows = f"INSERT INTO trips VALUES {values}"
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute(made)
        con.execute(rows)
        con.commit()
    shop: Callable[..., Source] = request.getfixturevalue("shop")
    places = [Source(path="rows.parquet"), Source(path="rows.csv"), Source(url="sqlite:///x.db", table="trips")]
    for place in (*places, shop(made, rows)):
        assert kinds(place, tmp_path) == expected
    few = sample(Source(path="rows.parquet"), tmp_path)["kind"].tolist()
    assert few == expected
    config = Monitored(model="m", task="regression", source=Source(path="rows.csv"), columns=columns())
    frame, coerced = conform(read_rows(config.source, config.reading, WEEK, tmp_path).frame, config)
    assert frame["kind"].tolist() == expected
    (finding,) = [finding for one in coerced for finding in one.findings()]
    assert (finding.code, finding.column) == ("long_text", "kind")
    assert "in 2 of 4 rows" in finding.message
