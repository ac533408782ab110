"""Laws of the section `slices`: bad input is refused with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load

BASE: dict[str, Any] = {
    "model": "rides",
    "task": "regression",
    "source": {"path": "rides.csv"},
    "columns": {"time": "ts", "target": "fare", "numeric": ["age", "hour"], "categorical": ["zone"], "id": ["order"]},
    "training": {"window": "28d"},
}


def loaded(folder: Path, slices: Any, **changes: Any) -> Any:
    (folder / "rides.yaml").write_text(yaml.safe_dump({**BASE, "slices": slices, **changes}))
    return load(folder / "rides.yaml").slices


def test_all_forms_are_read(tmp_path: Path) -> None:
    """A name, a column with bins and a condition are slices; each has a title and a definition."""
    night = {"name": "night", "where": "HOUR >= 22 or hour(ts) < 5"}
    found = loaded(tmp_path, ["zone", "order", {"column": "age", "bins": [0, 25, 60]}, night])
    assert [each.title for each in found] == ["zone", "order", "age", "night"]
    assert [each.rule for each in found][2:] == ["age by [0, 25, 60]", "where HOUR >= 22 or hour(ts) < 5"]


@pytest.mark.parametrize(
    ("slices", "key", "text"),
    [
        (["zon"], "slices[0].column", "'zon'"),
        (["fare"], "slices[0].column", "the target"),
        ([{"name": "dear", "where": "Fare > 3"}], "slices[0].where", "the target"),
        ([{"name": "n", "where": "hours > 3"}], "slices[0].where", "'hours'"),
        ([{"name": "n", "where": "avg(age) over () > 3"}], "slices[0].where", "more than one row"),
        ([{"name": "n", "where": "age >"}], "slices[0].where", "does not parse"),
        ([{"where": "age > 3"}], "slices[0].name", "no name"),
        ([{"column": "age", "where": "age > 3", "name": "n"}], "slices[0]", "both"),
        ([{"name": "n"}], "slices[0]", "neither"),
        ([{"column": "age", "bins": [0, 60, 25]}], "slices[0].bins", "0, 60, 25"),
        ([{"column": "age", "bins": [1, 1]}], "slices[0].bins", "1, 1"),
        ([{"column": "zone", "bins": [1]}], "slices[0].bins", "'zone'"),
        ([{"name": "n", "where": "age > 3", "bins": [1]}], "slices[0].bins", "condition"),
        (["zone", "zone"], "slices", "more than once"),
        (["zone", {"name": "zone", "where": "age > 3"}], "slices", "more than once"),
        (["zone", {"name": "zone = a", "where": "age > 3"}], "slices[1]", "as a part of the slices of 'zone'"),
        ([{"name": "zone missing", "where": "age > 3"}, "zone"], "slices[0]", "as a part of the slices of 'zone'"),
        (
            [{"column": "age", "bins": [25, 60]}, {"name": "age 25 to 60", "where": "age > 3"}],
            "slices[1]",
            "as a part of the slices of 'age'",
        ),
        (["ts"], "slices[0].column", "the time"),
        ([{"discover": True, "column": "zone"}], "slices[0]", "more keys"),
        ([{"discover": True}, {"discover": True}], "slices", "more than once"),
    ],
)
def test_bad_slices_are_refused(tmp_path: Path, slices: Any, key: str, text: str) -> None:
    """The error names the key, what was found and how to fix it."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, slices)
    assert key in str(error.value)
    assert text in str(error.value)


def test_slices_read_columns_that_no_model_uses(tmp_path: Path) -> None:
    """A column of `columns.extra` has slices by value, by bin if it is numeric, and in conditions."""
    extra = {"columns": {**BASE["columns"], "extra": {"sex": "categorical", "income": "numeric"}}}
    slices = ["sex", {"column": "income", "bins": [0]}, {"name": "old women", "where": "sex = 'f' and age > 60"}]
    assert [each.title for each in loaded(tmp_path, slices, **extra)] == ["sex", "income", "old women"]
    with pytest.raises(ConfigError, match=r"'sex', which is not under columns.numeric"):
        loaded(tmp_path, [{"column": "sex", "bins": [0]}], **extra)


@pytest.mark.parametrize(
    ("extra", "key", "text"),
    [
        (["age"], "columns.extra.age", "a feature"),
        (["fare"], "columns.extra.fare", "the target"),
        (["ts"], "columns.extra.ts", "the time"),
        (["order"], "columns.extra.order", "a column of the id"),
        (["prediction"], "columns.extra.prediction", "the prediction"),
        (["sex", "sex"], "columns.extra", "'sex' more than once"),
        ({"sex": "text"}, "columns.extra.sex", "'text'"),
    ],
)
def test_an_extra_column_is_used_for_nothing_else(tmp_path: Path, extra: Any, key: str, text: str) -> None:
    """A name with another meaning is refused with its place."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, [], columns={**BASE["columns"], "extra": extra})
    assert key in str(error.value)
    assert text in str(error.value)
