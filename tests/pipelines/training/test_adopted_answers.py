"""Answers of a model of classes become classes of the labels; what is refused is proven in test_adopting.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.adopted_answers import reading_of
from driftloop.pipelines.training.adopted_inputs import Opened
from driftloop.pipelines.training.contract import Contract
from tests.streams import config


def read(task: str, labels: list[str], answer: Any, names: tuple[str, ...] | None = None) -> tuple[Contract, list[str]]:
    project = Project.model_validate({**config(task=task), "file": Path("model.yaml")})
    notes: list[str] = []
    rows = pd.DataFrame({"y": pd.Series(labels, dtype=object)})
    empty = Contract(model="m", task=project.task, inputs=())
    made, classes = reading_of(project, Opened("m", object(), None), empty, rows, np.asarray(answer), names, notes)
    assert classes == tuple(sorted(set(labels)))
    return made, notes


@pytest.mark.parametrize(
    ("labels", "answer", "kind", "classes"),
    [
        (["no", "yes"], ["yes", "no"], "labels", ("no", "yes")),
        (["0", "1"], [1.0, 0.0], "labels", ("0", "1")),
        (["no", "yes"], [1, 0], "labels", ("no", "yes")),
        (["no", "yes"], [0.3, 0.9], "second", ("no", "yes")),
        (["0", "1"], [0.3, 0.9], "second", ("0", "1")),
        (["no", "yes"], [[0.3, 0.7], [0.5, 0.5]], "probabilities", ("no", "yes")),
        (["false", "true"], [True, False], "labels", ("false", "true")),
    ],
)
def test_an_answer_is_read_by_what_it_looks_like(
    labels: list[str], answer: Any, kind: str, classes: tuple[str, ...]
) -> None:
    """Names are names, whole numbers are classes or their places, shares are the probability of the second class."""
    made, _ = read("binary", labels, answer)
    assert (made.answer, made.classes) == (kind, classes)


def test_named_columns_keep_their_order() -> None:
    """The contract has the order of the answer."""
    made, notes = read("multiclass", ["a", "b", "c"], np.full((3, 3), 1 / 3), ("c", "a", "b"))
    assert (made.classes, notes) == (("c", "a", "b"), [])
