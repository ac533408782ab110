"""Laws of the section `fairness`: bad input is refused with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project, load

BASE: dict[str, Any] = {
    "model": "loans",
    "task": "binary",
    "source": {"path": "loans.csv"},
    "columns": {"time": "ts", "target": "paid", "numeric": ["age"], "categorical": ["zone"], "extra": ["sex"]},
    "training": {"window": "28d"},
}


def loaded(folder: Path, fairness: Any, **changes: Any) -> Project:
    (folder / "loans.yaml").write_text(yaml.safe_dump({**BASE, "fairness": fairness, **changes}))
    return load(folder / "loans.yaml")


def test_rates_default_to_those_of_the_task(tmp_path: Path) -> None:
    """Groups are columns of any kind, or bins; rates that are not given are those of the task."""
    config = loaded(tmp_path, {"by": ["sex", {"column": "age", "bins": [25, 60]}], "max_gap": 0.1})
    assert config.fairness is not None
    assert [each.title for each in config.fairness.by] == ["sex", "age"]
    assert config.fairness.measured("binary") == ("selection", "error", "false_negative")
    assert config.fairness.measured("regression") == ("error", "bias")


@pytest.mark.parametrize(
    ("fairness", "changes", "key", "text"),
    [
        ({"by": []}, {}, "fairness.by", ""),
        ({"by": ["gender"]}, {}, "fairness.by[0].column", "'gender'"),
        ({"by": ["sex", "sex"]}, {}, "fairness.by", "more than once"),
        ({"by": ["paid"]}, {}, "fairness.by[0].column", "the target"),
        ({"by": [{"name": "old", "where": "age > 60"}]}, {}, "fairness.by[0]", "a condition"),
        ({"by": [{"column": "sex", "bins": [1]}]}, {}, "fairness.by[0].bins", "'sex'"),
        ({"by": ["sex"], "rates": ["bias"]}, {}, "fairness.rates[0]", "'bias'"),
        ({"by": ["sex"], "rates": ["selection"]}, {"task": "regression"}, "fairness.rates[0]", "'selection'"),
        ({"by": ["sex"], "threshold": 0.3}, {"task": "multiclass"}, "fairness.threshold", "0.3"),
        ({"by": ["sex"], "max_gap": -1}, {}, "fairness.max_gap", "-1"),
    ],
)
def test_bad_sections_are_refused(tmp_path: Path, fairness: Any, changes: Any, key: str, text: str) -> None:
    """The error names the key, what was found and how to fix it."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, fairness, **changes)
    assert key in str(error.value)
    assert text in str(error.value)
