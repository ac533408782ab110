"""`init` writes a config that loads and whose first two checks work, whatever the columns are called."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.errors import ConfigError, DriftloopError
from driftloop.monitoring.records import Check, Outcome
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import NothingToLookAt, Proposal, propose
from driftloop.pipelines.init.guess import look
from driftloop.pipelines.init.yaml_text import quoted
from tests.streams import SHARED, flow_config, stream

NAMES = [
    "no",
    "größe [m²]",
    "a: b",
    "#hash",
    "it's",
    'say "x"',
    "2013",
    "{curly}",
    "- dash",
    "y",
    "null",
    "tab\tx",
    "a  # b",
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path starts in the folder of the test."""
    monkeypatch.chdir(tmp_path)


FILE = Source(path="rows.csv")


def init(data: str, **more: Any) -> Proposal:
    known: dict[str, Any] = dict.fromkeys(("table", "model", "target", "time", "output")) | {"force": False}
    return propose(data, **{**known, **more})


def checks(proposal: Proposal, model: str) -> tuple[Check, Check]:
    """The two commands that init prints, on a model of a name that is free."""
    from driftloop.pipelines.flows.monitoring import monitoring_flow

    text = proposal.file.read_text("utf-8")
    proposal.file.write_text(text.replace(f"\nmodel: {load(proposal.file).model}\n", f"\nmodel: {model}\n"), "utf-8")
    moments = (datetime.fromisoformat(f"{moment}+00:00") for moment in (proposal.first, proposal.now))
    first, second = (monitoring_flow(config=flow_config(proposal.file), now=now) for now in moments)
    return first, second


def write(kind: str, frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """The frame as a source, and how init gets it."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "csv":
        frame.to_csv(folder / "rows.csv", index=False)
        return {"data": str(folder / "rows.csv")}
    if kind == "parquet":
        frame.to_parquet(folder / "rows.parquet", index=False)
        return {"data": str(folder / "rows.parquet")}
    with sqlite3.connect(folder / "rows.db") as con:
        frame.assign(ts=frame["ts"].astype(str)).to_sql("rows", con, index=False)
    return {"data": f"sqlite://{folder}/rows.db", "table": "rows"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "table"])
@pytest.mark.parametrize("output", [Path("model.yaml"), Path("configs/deep/model.yaml")], ids=["here", "elsewhere"])
def test_files_and_tables_are_read_from_wherever_the_yaml_is(kind: str, output: Path) -> None:
    """A path relative to here becomes one relative to the YAML, and the columns are distinguished."""
    from driftloop.monitoring import sources

    made = init(**write(kind, stream(20), Path("data")), output=output)
    project = load(made.file)
    columns = project.columns
    assert (columns.time, columns.target, project.task) == ("ts", "y", "regression")
    assert (set(columns.numeric), set(columns.categorical)) == ({"amount", "speed"}, {"city", "kind"})
    assert sources.span(project.source, columns, project.folder) is not None


@pytest.mark.parametrize(
    ("data", "model"), [("trips/*.csv", "trips"), ("trips/day-*.csv", "day"), ("trips/day-1.csv", "day_1")]
)
def test_a_glob_is_named_for_what_is_known_of_it(data: str, model: str) -> None:
    """A file for its own name, a glob for the part that is fixed, or for its folder."""
    write("csv", stream(20), Path("trips"))
    Path("trips/rows.csv").rename("trips/day-1.csv")
    assert init(data).file == Path(f"{model}.yaml")


def test_a_password_is_not_written_into_a_config() -> None:
    """A URL with a password in plain sight is refused before anything is opened or written."""
    with pytest.raises(ConfigError, match=r"init: url: a password in plain text") as caught:
        init("postgres://ann:hunter2@host/db", table="trips")
    assert "hunter" not in str(caught.value)
    assert not list(Path().glob("*.yaml"))


def test_any_column_name_survives_the_yaml() -> None:
    """Names that YAML would read as something else come back as they are in the data."""
    frame = pd.DataFrame({name: np.random.default_rng(at).normal(size=300) for at, name in enumerate(NAMES)})
    frame.insert(0, "when was it", pd.date_range("2026-01-01", periods=300, freq="h", tz="UTC"))
    frame.to_parquet("odd.parquet", index=False)
    project = load(init("odd.parquet", target="no").file)
    assert (project.columns.time, project.columns.target) == ("when was it", "no")
    assert project.columns.numeric == tuple(name for name in NAMES if name != "no")


@given(st.text(min_size=1))
def test_a_quoted_name_is_read_back_as_text(name: str) -> None:
    """Whatever the name, YAML gives it back as text."""
    if any(0xD800 <= ord(sign) < 0xE000 for sign in name):
        return
    assert yaml.safe_load(f"[{quoted(name)}]") == [name]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1], "binary"),
        (["yes", "no"], "binary"),
        ([True, False], "binary"),
        ([1, 2, 3], "multiclass"),
        (["a", "b", "c"], "multiclass"),
        ([0.5, 1.5, 2.5], "regression"),
        (list(range(30)), "regression"),
    ],
    ids=str,
)
def test_the_task_follows_the_target(values: list[Any], task: str) -> None:
    """Two values are binary, few whole ones or words classes, the rest a number."""
    frame = pd.DataFrame({"ts": pd.date_range("2026-01-01", periods=90), "x": np.arange(90.0) ** 0.5})
    assert look(frame.assign(target=(values * 90)[:90]), FILE).task == task


def test_what_is_no_feature_is_left_out_and_reported() -> None:
    """Constants, empty columns, row numbers, identifiers and further times are named with the reason."""
    n = 200
    frame = pd.DataFrame(
        {
            "row": range(n),
            "created": pd.date_range("2026-01-01", periods=n, freq="h"),
            "updated": pd.date_range("2026-01-02", periods=n, freq="h"),
            "uuid": [f"id-{at * 7919}" for at in range(n)],
            "fixed": "x",
            "empty": None,
            "flag": [True, False] * (n // 2),
            "size": np.random.default_rng(0).normal(size=n),
            "price": np.random.default_rng(1).normal(size=n),
        }
    )
    guess = look(frame, FILE)
    assert (guess.time, guess.target) == ("created", "price")
    assert (guess.numeric, guess.categorical) == (["size"], ["flag"])
    assert guess.left_out == {
        "row": "a row number",
        "updated": "a time",
        "uuid": "an identifier",
        "fixed": "constant",
        "empty": "only nulls",
    }


def test_a_column_that_comes_to_life_later_is_a_feature() -> None:
    """What is constant in the first rows of a long file is judged by its newest ones as well."""
    n = 30_000
    rows = pd.DataFrame({"ts": pd.date_range("2026-01-01", periods=n, freq="min"), "x": np.arange(n) % 97, "y": 0.5})
    rows["y"] = np.sin(rows["x"])
    rows["late"] = np.where(np.arange(n) > 20_000, np.arange(n) % 13, 0)
    rows.to_parquet("late.parquet", index=False)
    assert "late" in load(init("late.parquet", target="y").file).columns.numeric


def test_wrong_names_are_met_with_the_right_ones() -> None:
    """An unknown target or time is reported with the nearest column; nothing is written."""
    stream(5).to_csv("rows.csv", index=False)
    with pytest.raises(ConfigError, match=r"(?s)--target: there is no column 'spead'.*Did you mean 'speed'"):
        init("rows.csv", target="spead")
    with pytest.raises(ConfigError, match=r"(?s)--time: there is no column 'TS'.*Did you mean 'ts'"):
        init("rows.csv", time="TS")
    with pytest.raises(DriftloopError, match="'city'"):
        init("rows.csv", time="city")
    with pytest.raises(ConfigError, match=r"(?s)database URL without a table.*--table"):
        init("sqlite://rows.db")
    with pytest.raises(ConfigError, match="letters, digits"):
        init("rows.csv", model="my model")
    assert not list(Path().glob("*.yaml"))


def test_data_without_time_or_rows_is_reported() -> None:
    """Without a time there is nothing to watch, and the columns are named; without rows there is nothing to see."""
    pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}).to_csv("timeless.csv", index=False)
    with pytest.raises(ConfigError, match=r"(?s)no column looks like a time.*'a', 'b'"):
        init("timeless.csv")
    Path("header.csv").write_text("ts,a,y\n")
    with pytest.raises(NothingToLookAt):
        init("header.csv")


def test_nothing_is_overwritten_unless_forced() -> None:
    """A config that is there stays, also when a forced one would not load."""
    stream(20).to_csv("rows.csv", index=False)
    file = Path("mine.yaml")
    file.write_text("model: mine\n")
    with pytest.raises(ConfigError, match="already exists"):
        init("rows.csv", output=file)
    with pytest.raises(ConfigError, match="letters, digits"):
        init("rows.csv", output=file, model="?", force=True)
    assert file.read_text() == "model: mine\n"
    assert load(init("rows.csv", output=file, force=True).file).model == "rows"


def untidy(folder: Path) -> str:
    """A CSV as people have them: a BOM, odd names, words for nothing, gaps, repeated rows, no order."""
    rows = stream(40, 60, seed=8).rename(columns={"city": "Stadt (Ort)", "amount": "Amount, €", "ts": "Created At"})
    generator = np.random.default_rng(0)
    rows["Amount, €"] = rows["Amount, €"].round(2).astype(str).mask(generator.random(len(rows)) < 0.02, "N/A")
    rows["speed"] = rows["speed"].mask(generator.random(len(rows)) < 0.1)
    rows["order id"] = [f"A{at:06d}" for at in range(len(rows))]
    rows["comment"] = [None if low else 'said "hm, no"' for low in generator.random(len(rows)) < 0.9]
    rows = pd.concat([rows, rows.tail(5)]).sample(frac=1, random_state=1)
    columns = [name for name in rows if name != "y"]
    path = folder / "Bestellungen 2026.csv"
    rows[[*columns, "y"]].to_csv(path, index=False, encoding="utf-8-sig")
    return path.name


def test_an_untidy_csv_goes_through_both_commands(prefect: None, tmp_path: Path) -> None:
    """The first command trains a champion, the second judges the newest rows."""
    made = init(untidy(tmp_path))
    project = load(made.file)
    assert (project.columns.time, project.columns.target, project.model) == ("Created At", "y", "Bestellungen_2026")
    assert "order id" not in project.columns.features
    first, second = checks(made, "untidy-csv")
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    assert second.outcome.judged, second.reason
    assert second.window.rows > 100


REAL = {"bike": "regression", "elec2": "binary", "metro_traffic": "regression"}
# A first training fits a thousand trees three times, which takes minutes for all rows next to other tests.
MOST = 12_000


@pytest.mark.parametrize("name", REAL)
def test_real_data_goes_through_both_commands(prefect: None, name: str) -> None:
    """Bike rentals, electricity prices as 0 and 1, road traffic with a gap of ten months: evenly spaced rows of all."""
    data = SHARED / name / "data.parquet"
    if not data.exists():
        pytest.skip("the shared data is not here")
    rows = pd.read_parquet(data)
    rows.iloc[:: -(-len(rows) // MOST)].to_parquet("rows.parquet", index=False)
    made = init("rows.parquet", model=name)
    assert load(made.file).task == REAL[name]
    first, second = checks(made, f"real-{name}")
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    assert second.outcome.judged, second.reason
    assert second.performance is not None


def test_late_labels_are_written_into_the_model_file() -> None:
    """The delay is read off the whole file, with the newest label and row next to it, and the message reports it."""
    rows = stream(80)
    rows.loc[rows["ts"] >= rows["ts"].max() - pd.Timedelta(days=20), "y"] = np.nan
    rows.to_csv("rows.csv", index=False)
    made = init("rows.csv", target="y")
    assert load(made.file).columns.label_delay == timedelta(days=21)
    assert "newest label 2026-03-01, newest row 2026-03-21" in made.file.read_text()
    assert "labels: newest label 2026-03-01, newest row 2026-03-21; columns.label_delay is 21d" in made.notes


def test_a_column_called_prediction_is_left_out_and_can_be_used(prefect: None) -> None:
    """What a log of a model has next to the rows does not collide with our own predictions, under another name."""
    rows = stream(60)
    noise = np.random.default_rng(1).normal(0, 4, len(rows))
    rows.assign(prediction=rows["y"] + noise).to_csv("rows.csv", index=False)
    made = init("rows.csv", target="y", model="left_out")
    assert "prediction" not in load(made.file).columns.features
    first, second = checks(made, "prediction-left-out")
    assert (first.outcome, second.outcome.judged) == (Outcome.BOOTSTRAPPED, True)
    text = made.file.read_text().replace("numeric: [", "numeric: [logged_prediction, ", 1)
    derived = "  derived: {logged_prediction: prediction}\n"
    made.file.write_text("".join(derived if "# derived:" in line else line for line in text.splitlines(keepends=True)))
    assert "logged_prediction" in load(made.file).columns.numeric
    first, second = checks(made, "prediction-used")
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    assert "logged_prediction" in {score.name for score in second.columns}


def test_a_few_odd_times_move_neither_windows_nor_moments() -> None:
    """1970 and 2099 in a file of 2026: the commands are for the newest rows of 2026."""
    rows = stream(80)
    rows.loc[[3, 9], "ts"] = [pd.Timestamp("2099-12-31", tz="UTC"), pd.Timestamp("1970-01-01", tz="UTC")]
    rows.to_csv("rows.csv", index=False)
    made = init("rows.csv", target="y")
    assert (made.first, made.now) == ("2026-03-15T00:00", "2026-03-22T00:00")
    assert load(made.file).windows.current == timedelta(days=7)
    assert any("2 rows are far from all others" in note for note in made.notes)


def test_a_date_beyond_the_years_in_another_column_is_no_obstacle() -> None:
    """One placeholder in ten thousand rows: the column is a time all the same, and left out as one."""
    rows = stream(40).assign(due="2026-05-01")
    rows.loc[7, "due"] = "12026-01-01"
    rows.to_csv("rows.csv", index=False)
    assert "'due' (a time)" in init("rows.csv", target="y").notes[-1]


def test_a_file_without_features_or_moments_is_explained() -> None:
    """A time alone, a time and a target, rows of one moment: each states what is missing."""
    rows = stream(40)
    rows[["ts"]].to_csv("time.csv", index=False)
    rows[["ts", "y"]].to_csv("two.csv", index=False)
    rows.assign(ts="2026-01-01").to_csv("moment.csv", index=False)
    with pytest.raises(ConfigError, match="'ts' is the only column"):
        init("time.csv")
    with pytest.raises(ConfigError, match="'ts' and 'y' are the only columns"):
        init("two.csv")
    with pytest.raises(ConfigError, match="all 4,800 rows have the time 2026-01-01"):
        init("moment.csv", target="y")


def shop(folder: Path) -> None:
    """German numbers in one file, American ones in another, and a table, all with the same answer."""
    rows = stream(60, seed=3)
    amount, late = rows["amount"] * 400, np.random.default_rng(0).random(len(rows)) < 0.06
    german = {"Betrag": [f"{x:,.2f} €".translate(str.maketrans(",.", ".,")) for x in amount], "Rabatt": "5 %"}
    written = rows["y"].map(lambda y: f"{1000 + 50 * y:,.2f}")
    pd.DataFrame({"Datum": rows["ts"].dt.strftime("%d.%m.%Y %H:%M"), **german, "Ort": rows["city"]}).assign(
        Rabatt=np.where(rows["kind"] == "a", "5 %", "10 %"), Umsatz=written.str.translate(str.maketrans(",.", ".,"))
    ).to_csv(folder / "german.csv", index=False, sep=";")
    pd.DataFrame(
        {
            "Date": rows["ts"].dt.strftime("%m/%d/%Y"),
            "Income": [f"${x:,.2f}" for x in amount],
            "Rate": [f"{x:.1f}%" for x in rows["speed"]],
            "Years": rows["amount"].round(1).astype(str).mask(late, "?"),
            "City": rows["city"],
            "Spent": "$" + written,
        }
    ).to_csv(folder / "american.csv", index=False)


@pytest.mark.parametrize(
    ("data", "target", "features", "decimals"),
    [
        ("german.csv", "Umsatz", {"Betrag", "Rabatt", "Ort"}, {"Umsatz"}),
        ("american.csv", "Spent", {"Income", "Rate", "Years", "City"}, set()),
    ],
)
def test_numbers_as_people_write_them_go_through_both_commands(
    prefect: None, tmp_path: Path, data: str, target: str, features: set[str], decimals: set[str]
) -> None:
    """A bare init takes all features and the right task; the champion learns from numbers."""
    shop(tmp_path)
    made = init(data, target=target)
    project = load(made.file)
    assert (project.task, set(project.columns.features)) == ("regression", features)
    assert any(note.startswith("numbers: ") for note in made.notes)
    assert set(project.columns.types) == set(project.columns.derived) - {project.columns.time} | decimals
    first, second = checks(made, f"written-{target}")
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    assert second.outcome.judged, second.reason
    assert not [finding for finding in second.findings if finding.severity in {"error", "fatal"}]


def test_an_identifier_is_left_out_of_a_long_file(tmp_path: Path) -> None:
    """A column of its own value in every row is no category, also where the sampled rows overlap."""
    n = 16_000
    frame = pd.DataFrame(
        {
            "ts": pd.date_range("2026-01-01", periods=n, freq="10min"),
            "trip id": [f"T{at:06}" for at in range(n)],
            "distance": [float(at % 17) for at in range(n)],
            "minutes": [at % 17 * 2.0 + at % 3 for at in range(n)],
        }
    )
    frame.to_csv(tmp_path / "trips.csv", index=False)
    guessed: dict[str, Any] = dict.fromkeys(("table", "model", "target", "time"))
    made = propose(str(tmp_path / "trips.csv"), output=tmp_path / "trips.yaml", force=False, **guessed)
    assert "'trip id' (an identifier)" in made.notes[-1]


def test_the_first_line_names_a_schema_that_accepts_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor completes and checks the keys offline."""
    jsonschema = pytest.importorskip("jsonschema")
    monkeypatch.chdir(tmp_path)
    stream().to_csv("rows.csv", index=False)
    done = CliRunner().invoke(main, ["init", "rows.csv", "--target", "y"])
    assert done.exit_code == 0, done.stderr
    text = Path("rows.yaml").read_text("utf-8")
    name = text.split("\n", maxsplit=1)[0].removeprefix("# yaml-language-server: $schema=")
    jsonschema.validate(yaml.safe_load(text), json.loads(Path(name).read_text("utf-8")))


def test_the_result_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object on stdout: the file, what was found, both moments, and the validation of the new config."""
    monkeypatch.chdir(tmp_path)
    stream().to_csv("rows.csv", index=False)
    done = CliRunner().invoke(
        main, ["init", "rows.csv", "--target", "y", "--notify", "json://127.0.0.1/hook", "--json"]
    )
    found = json.loads(done.stdout)
    assert (done.exit_code, found["file"], found["checks"], found["site"]) == (0, "rows.yaml", [], None)
    assert found["summary"].startswith("regression of 'y' over 'ts' from 4 features")
    assert found["first"] < found["now"]
    assert (found["validation"]["outcome"], found["validation"]["exit_code"]) == ("valid", 0)
    assert {part["key"] for part in found["validation"]["parts"]} >= {"columns", "source", "types", "notify"}
    assert yaml.safe_load(Path("rows.yaml").read_text("utf-8"))["notify"]["urls"] == ["json://127.0.0.1/hook"]
    wrong = CliRunner().invoke(main, ["init", "rows.csv", "--target", "z", "--json"])
    assert (wrong.exit_code, json.loads(wrong.stdout or "{}").get("file")) == (2, None)
