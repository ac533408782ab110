"""`driftloop init --predictions` finds key, time, version and prediction of a model elsewhere, by the values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.init import Proposal, propose
from driftloop.pipelines.operations.validation import validate
from tests.streams import day, stream

ROWS = 84 * 40


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shop(task: str = "binary") -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray[Any, Any]]:
    """Orders with `late`; the times at which they were scored, by two versions; and the score of the later class."""
    rows = stream(84, 40, task=task).rename(columns={"y": "late"})
    rows.insert(0, "order_id", [f"A{at:06}" for at in range(len(rows))])
    answer = 2 * rows["amount"] + 3 * rows["speed"] + np.where(rows["city"] == "rome", 5, 0)
    table = pd.DataFrame(
        {
            "order": rows["order_id"],
            "scored_at": rows["ts"] + pd.Timedelta(5, "s"),
            "model_version": np.where(np.arange(len(rows)) < ROWS // 2, "2026.1", "2026.2"),
        }
    )
    return rows, table, np.asarray(answer - 21 if task != "regression" else answer, dtype=float)


def init(table: pd.DataFrame, **asked: Any) -> tuple[Proposal, Project]:
    table.to_csv("scored.csv", index=False)
    given: dict[str, Any] = {"table": None, "model": "shop", "target": "late", "time": None, **asked}
    made = propose("orders.csv", output=None, force=True, predictions="scored.csv", **given)
    return made, load(made.file)


def share(score: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 1 / (1 + np.exp(-score))


def test_a_probability_its_class_and_two_versions() -> None:
    """The key is found by its values, the class of the probability by its averages; the config is valid."""
    rows, table, score = shop()
    rows.to_csv("orders.csv", index=False)
    made, project = init(table.assign(score=share(score)))
    found = project.predictions
    assert (found.id, found.time, found.version) == (("order",), "scored_at", "model_version")
    assert found.prediction == "score"
    assert (project.columns.id, project.trains, project.windows.reference_span) == (
        ("order_id",),
        False,
        day(28) - day(0),
    )
    assert not made.trains
    assert "'2026.1' 1,680, '2026.2' 1,680" in made.notes[0]
    assert re.search(r"'score' is the probability of 'yes': it averages 0\.\d+ where", made.notes[1])
    assert validate(project, day(84)).exit_code == 0
    made, project = init(table.assign(score=share(-score)))
    assert project.predictions.prediction == {"no": "score"}
    assert "'score' is the probability of 'no'" in made.notes[1]


def test_a_percentage_and_numbers_with_a_currency_are_read_by_expressions() -> None:
    rows, table, score = shop()
    rows.to_csv("orders.csv", index=False)
    _, project = init(table.assign(score=[f"{100 * one:.1f}%" for one in share(score)]))
    assert project.predictions.derived["score"].endswith("/ 100")
    assert validate(project, day(84)).exit_code == 0
    rows, table, score = shop("regression")
    rows.to_csv("orders.csv", index=False)
    table["scored_at"] = table["scored_at"].dt.strftime("%d.%m.%Y %H:%M")
    _, project = init(table.assign(other="x", expected_price=[f"{one:.2f} €".replace(".", ",") for one in score]))
    assert project.task == "regression"
    assert project.predictions.prediction == "expected_price"
    assert set(project.predictions.derived) == {"scored_at", "expected_price"}
    assert validate(project, day(84)).exit_code == 0


def test_a_column_for_each_class_and_a_class() -> None:
    """Probabilities of all classes are found by the names of these; without one, the predicted class is judged."""
    rows, table, score = shop("multiclass")
    rows.to_csv("orders.csv", index=False)
    low = share(-score)
    _, project = init(table.assign(p_low=low, p_middle=(1 - low) / 2, p_high=(1 - low) / 2))
    assert project.predictions.prediction == {"low": "p_low", "middle": "p_middle", "high": "p_high"}
    assert validate(project, day(84)).exit_code == 0
    answers = np.select([score < -3, score < 4], ["low", "middle"], "high")
    _, project = init(table.assign(answer=answers))
    assert (project.predictions.label, project.performance.loss) == ("answer", "error_rate")
    assert validate(project, day(84)).exit_code == 0


def test_the_table_of_the_rows_and_labels_in_a_third_one() -> None:
    """Predictions next to the rows are no features; labels elsewhere share the id of the predictions."""
    rows, table, score = shop("regression")
    with duckdb.connect("shop.duckdb") as con:
        con.register("given", rows.assign(scored_at=table["scored_at"], guess=score, model_version="7"))
        con.execute("CREATE TABLE orders AS SELECT * FROM given")
    asked: dict[str, Any] = {"model": "shop", "time": "ts", "output": None, "force": True}
    url = "duckdb://shop.duckdb"
    made = propose(
        url, table="orders", target="late", predictions=url, predictions_table="orders", prediction="guess", **asked
    )
    project = load(made.file)
    assert (project.predictions.id, project.predictions.prediction) == (("order_id",), "guess")
    assert set(project.columns.features) == {"amount", "speed", "city", "kind"}
    assert validate(project, day(84)).exit_code == 0
    labels = pd.DataFrame({"order": rows["order_id"], "known": rows["ts"] + pd.Timedelta(1, "D"), "late": rows["late"]})
    labels.to_parquet("labels.parquet")
    rows.drop(columns="late").to_csv("orders.csv", index=False)
    _, project = init(table.assign(prediction=score), labels="labels.parquet", target=None)
    assert project.labels is not None
    assert (project.columns.id, project.labels.key, project.predictions.id) == (("order_id",), ("order",), ("order",))
    assert "the table of labels and predictions" in Path("shop.yaml").read_text()
    assert validate(project, day(84)).exit_code == 0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"score": 250.0}, "'score' is not between 0 and 1"),
        ({"order": "B1"}, "no column of scored.csv has values of a column of the rows"),
        ({"scored_at": "soon", "score": 0.5}, "no column of times"),
        ({"p": 0.1, "q": 0.7}, "no one column of 'p', 'q' fits"),
    ],
)
def test_what_cannot_be_found_is_refused(change: dict[str, Any], found: str) -> None:
    """The error has what was found, the columns that there are, and what to do."""
    rows, table, _ = shop()
    rows.to_csv("orders.csv", index=False)
    with pytest.raises(ConfigError) as caught:
        init(table.assign(**change))
    assert found in str(caught.value)
    assert caught.value.remedy
    assert not Path("shop.yaml").exists()


def test_two_numbers_without_a_name_and_a_wrong_name() -> None:
    rows, table, score = shop("regression")
    rows.to_csv("orders.csv", index=False)
    with pytest.raises(ConfigError, match="2 columns of numbers may be the prediction: 'one', 'two'"):
        init(table.assign(one=score, two=score + 1))
    _, project = init(table.assign(one=score, two=score + 1), prediction="two")
    assert project.predictions.prediction == "two"
    with pytest.raises(ConfigError, match="no column 'tow' in the predictions") as caught:
        init(table.assign(one=score, two=score + 1), prediction="tow")
    assert "two" in caught.value.remedy
