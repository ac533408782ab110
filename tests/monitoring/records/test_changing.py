"""A changed copy of a record or a section has only fields and values that a new one could have."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from driftloop.monitoring.policies import Always, AnyOf, NewRows
from driftloop.monitoring.records import Outcome, changed
from driftloop.pipelines.config.project import Project
from tests import streams
from tests.outcomes import found, made

ROOT = Path(__file__).parents[3]
CONFIG = Project.model_validate(streams.config(model="m"))
CHECK = made()


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (CHECK, {"reason": "another", "outcome": Outcome.FAILED}),
        (CHECK, {"findings": (found("nulls", "error", "x"),), "drift_share": 0.25}),
        (CONFIG, {"model": "other"}),
        (CONFIG.columns, {"types": {"x": "number"}, "label_delay": timedelta(days=2)}),
        (CONFIG.policies, {"triggers": (AnyOf(triggers=(Always(), NewRows(rows=9))),)}),
        (CONFIG.training, {"threads": None}),
    ],
)
def test_the_named_fields_are_changed_and_no_others(model: BaseModel, values: dict[str, Any]) -> None:
    """The copy is what pydantic's own would be, and the original stays as it was."""
    before = model.model_dump()
    copy = changed(model, **values)
    assert copy == model.model_copy(update=values)
    assert copy.model_fields_set == model.model_fields_set | values.keys()
    assert {name: getattr(copy, name) for name in values} == values
    assert model.model_dump() == before


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (CHECK, {"reasons": "another"}, "reasons"),
        (CHECK, {"outcome": "triumph"}, "outcome"),
        (CHECK, {"drift_share": "much"}, "drift_share"),
        (CHECK, {"findings": ({"code": "nulls"},)}, "findings"),
        (CONFIG, {"columns": 7}, "columns"),
        (CONFIG.gate, {"margin": 1.5}, "margin"),
        (CONFIG.gate, {"max_loss": float("nan")}, "max_loss"),
        (CONFIG.policies, {"triggers": ()}, "triggers"),
        (CONFIG.training, {"thread": 1}, "thread"),
    ],
)
def test_what_a_new_one_would_refuse_is_refused(model: BaseModel, values: dict[str, Any], field: str) -> None:
    """A misspelled name, another type and a value beyond its limits are errors that name the field."""
    with pytest.raises(ValidationError, match=field):
        changed(model, **values)


def test_values_are_read_as_in_a_new_one() -> None:
    """Text of a duration or an outcome becomes what the field holds."""
    assert changed(CONFIG.windows, current="14d").current == timedelta(days=14)
    assert changed(CHECK, outcome="failed").outcome is Outcome.FAILED


def test_what_was_computed_before_is_computed_again() -> None:
    """A cached property of the copy follows its own fields."""
    columns = CONFIG.columns
    assert set(columns.kinds) == set(columns.features)
    fewer = changed(columns, numeric=columns.numeric[:1], categorical=())
    assert set(fewer.kinds) == set(columns.numeric[:1])


def test_no_module_copies_without_validation() -> None:
    """`changed` is the only place that calls pydantic's unvalidated copy."""
    places = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("monitoring", "pipelines")
        for file in (ROOT / package).rglob("*.py")
        if file.name != "changing.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "model_copy"
        and any(keyword.arg in {"update", None} for keyword in node.keywords)
    ]
    assert places == []
