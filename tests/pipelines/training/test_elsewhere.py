"""A model elsewhere reads its predictions from the rows, with the classes of labels and columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import MissingColumns, PredictionsUnfit, TrainingImpossible
from driftloop.monitoring.rows.scored import SCORE
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.elsewhere import Elsewhere, classes_of, usable
from tests.streams import config as plain


def project(task: str, **prediction: Any) -> Project:
    table = {"source": {"path": "scored.csv"}, "id": "order", "time": "at", **prediction}
    loss = {"performance": {"loss": "error_rate"}} if "label" in prediction else {}
    given = {"task": task, "training": "none", "predictions": table, "gate": {}, **loss}
    return Project.model_validate(plain(**given, columns__id=["order_id"]))


def labeled(*labels: str, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"y": list(labels), **columns})


def test_numbers_are_the_predictions() -> None:
    """A row without one has NaN, and is not usable."""
    config = project("regression", prediction="score")
    frame = pd.DataFrame({SCORE: [1.5, np.nan]})
    assert usable(config, frame).tolist() == [True, False]
    assert Elsewhere.of(config, "7").predict(frame, ()).tolist()[0] == 1.5
    with pytest.raises(MissingColumns, match="never made"):
        Elsewhere.of(config, "7").predict(pd.DataFrame({"fare": [1.0]}), ())


def test_one_probability_is_that_of_the_second_class_or_of_the_named_one() -> None:
    """The other class has the rest."""
    plain_, named = project("binary", prediction="p"), project("binary", prediction={"no": "p"})
    known = labeled("no", "yes")
    assert classes_of(plain_, known, "7") == classes_of(named, known, "7") == ("no", "yes")
    second = Elsewhere.of(plain_, "7").predict(pd.DataFrame({SCORE: [0.8]}), ("no", "yes"))
    assert second.tolist() == [[pytest.approx(0.2), 0.8]]
    first = Elsewhere.of(named, "7").predict(pd.DataFrame({f"{SCORE} no": [0.8]}), ("no", "yes"))
    assert first.tolist() == [[0.8, pytest.approx(0.2)]]


def test_many_classes_are_in_sorted_order() -> None:
    """Whatever the order of the columns is; a class without labels so far is one all the same."""
    config = project("multiclass", prediction={"red": "r", "blue": "b", "green": "g"})
    classes = classes_of(config, labeled("red", "blue"), "7")
    assert classes == ("blue", "green", "red")
    frame = pd.DataFrame({f"{SCORE} red": [0.5], f"{SCORE} blue": [0.2], f"{SCORE} green": [0.3]})
    assert Elsewhere.of(config, "7").predict(frame, classes).tolist() == [[0.2, 0.3, 0.5]]


def test_a_label_is_certain_and_an_unknown_one_is_missing() -> None:
    """Classes are those of labels and predictions of the reference."""
    config = project("multiclass", label="answer")
    classes = classes_of(config, labeled("a", "b", **{SCORE: ["a", "c"]}), "7")
    assert classes == ("a", "b", "c")
    made = Elsewhere.of(config, "7").predict(pd.DataFrame({SCORE: ["b", "other", None]}), classes)
    assert made[0].tolist() == [0, 1, 0]
    assert np.isnan(made[1:]).all()


def test_classes_that_differ_are_refused() -> None:
    """Labels without a column, a column without labels, and one class alone."""
    with pytest.raises(PredictionsUnfit, match="labels of 'grey'"):
        classes_of(project("multiclass", prediction={"red": "r", "blue": "b"}), labeled("red", "grey"), "7")
    with pytest.raises(PredictionsUnfit, match="prediction columns of 'yes'"):
        classes_of(project("binary", prediction={"yes": "p"}), labeled("0", "1"), "7")
    with pytest.raises(TrainingImpossible, match="are of the class 'no'"):
        classes_of(project("binary", prediction="p"), labeled("no", "no"), "7")
