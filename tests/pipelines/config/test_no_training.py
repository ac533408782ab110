"""`training: none`: what belongs together, and how it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project, load
from tests.streams import config

TABLE = {"source": {"path": "scored.csv"}, "id": ["order"], "time": "at", "version": "v", "prediction": "score"}
GIVEN: dict[str, Any] = {"columns__id": ["order_id"], "training": "none", "predictions": TABLE}


def loaded(folder: Path, **changes: Any) -> Project:
    (folder / "model.yaml").write_text(yaml.safe_dump(config(**{**GIVEN, **changes})))
    return load(folder / "model.yaml")


def test_a_model_elsewhere_is_read_and_written_alike(tmp_path: Path) -> None:
    """Its reference span is four windows, its default trigger needs no training."""
    made = loaded(tmp_path, policies={})
    assert (made.trains, made.elsewhere, made.training.window.days) == (False, True, 28)
    assert [trigger.policy for trigger in made.policies.triggers] == ["performance_drop"]
    written = made.model_dump(mode="json")
    assert written["training"] == "none"
    again = Project.model_validate({**written, "notify": {}})
    assert again.training == made.training
    assert loaded(tmp_path, windows__reference_span="9d").training.window.days == 9


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "training of a model elsewhere": ({"training": {"window": "21d"}}, "set training: none"),
    "no training and no table": ({"predictions": {}}, "name the table of its predictions"),
    "path and source": ({"predictions": {**TABLE, "path": "log"}}, "keep one of the two"),
    "keys without a source": ({"predictions": {"id": ["order"]}}, "name the table of the predictions"),
    "no time": ({"predictions": {**TABLE, "time": None}}, "name the column with the time"),
    "no prediction": ({"predictions": {**TABLE, "prediction": None}}, "name the column with the predictions"),
    "prediction and label": ({"predictions": {**TABLE, "label": "answer"}}, "keep prediction"),
    "no id of the rows": ({"columns__id": []}, "name the columns of the rows that hold what 'order' holds"),
    "other number of ids": ({"columns__id": ["a", "b"]}, "name the columns of the rows"),
    "classes of a number": ({"predictions": {**TABLE, "prediction": {"a": "p"}}}, "name one column, or correct task"),
    "one column of many classes": ({"task": "multiclass"}, "write one column for each class"),
    "three classes of two": (
        {"task": "binary", "predictions": {**TABLE, "prediction": {"a": "p", "b": "q", "c": "r"}}},
        "set task: multiclass",
    ),
    "labels and log_loss": (
        {"task": "binary", "predictions": {**{k: v for k, v in TABLE.items() if k != "prediction"}, "label": "l"}},
        "set performance: {loss: error_rate}",
    ),
    "manual promotion": ({"promotion": "manual"}, "remove it"),
    "a reference span with a training": (
        {"training": {"window": "21d"}, "predictions": {}, "windows__reference_span": "9d"},
        "use windows.reference",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, case: str) -> None:
    """The error names the fix."""
    changes, remedy = REFUSED[case]
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, **changes)
    assert remedy in refused.value.remedy


def test_a_span_that_is_none_is_refused_by_its_key(tmp_path: Path) -> None:
    """As every other duration."""
    with pytest.raises(ConfigError, match=r"windows\.reference_span"):
        loaded(tmp_path, windows__reference_span="soon")
