"""A model file is YAML that holds what was guessed, whatever the names of columns and files are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.init.calendar_features import Calendar
from driftloop.pipelines.init.guess import Guess
from driftloop.pipelines.init.model_file import written
from driftloop.pipelines.init.spans import Spans
from driftloop.pipelines.init.yaml_text import name_list, quoted

DAY = timedelta(days=1)
SPANS = Spans(current=7 * DAY, training=56 * DAY, holdout=14 * DAY, delay=timedelta(0), rows=700, pace=100 / 86400)
SOURCE = Source(path="rows.csv")
GUESS = Guess(
    time="at", target="y", task="regression", numeric=["fare"], categorical=["city"], left_out={}, engine=SOURCE
)
NAMES = st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable() and text.strip() == text)


def file_of(guess: Guess = GUESS, **more: Any) -> str:
    settings: dict[str, Any] = {"model": "taxi", "source": SOURCE, "spans": SPANS, "calendar": Calendar(), "newest": ""}
    return written(guess=guess, **{**settings, **more})


@given(st.text(max_size=50))
@example("no")
@example("1e5")
@example("a: b # c")
@example("é\u2028\x85")
def test_a_quoted_name_reads_back_as_itself(name: str) -> None:
    """Any text, also one that YAML would take for a boolean, a number or a comment."""
    text = quoted(name)
    assert yaml.safe_load(f"key: {text}") == {"key": name}
    assert "\n" not in text


@given(st.lists(st.text(max_size=20), max_size=5))
def test_a_list_of_names_reads_back(names: list[str]) -> None:
    """On one line, with commas and brackets in the names."""
    assert yaml.safe_load(name_list(names)) == names


@given(NAMES, NAMES)
@example("a # b", "y: 1")
@example("{x}", "[y]")
def test_any_name_of_a_column_is_in_the_file(feature: str, target: str) -> None:
    """The file has the names as they are, whatever YAML or a template would make of them."""
    content = yaml.safe_load(file_of(replace(GUESS, numeric=[feature], target=target)))
    assert content["columns"]["numeric"] == [feature]
    assert content["columns"]["target"] == target


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("delay", [timedelta(0), 3 * DAY])
def test_a_file_is_a_config(task: Any, delay: timedelta) -> None:
    """It passes every rule of a config, with the spans of the proposal and a loss of the task."""
    content = yaml.safe_load(file_of(replace(GUESS, task=task), spans=replace(SPANS, delay=delay)))
    project = Project.model_validate(content)
    assert project.windows.current == SPANS.current
    assert project.training.holdout == SPANS.holdout
    assert project.columns.label_delay == delay
    assert task in project.loss.tasks


def test_what_was_left_out_is_a_comment() -> None:
    """With its reason, on one line; it is no key of the file."""
    text = file_of(replace(GUESS, left_out={"note": "free\n text"}))
    assert "# left out: note (free text)" in text
    assert "note" not in str(yaml.safe_load(text)["columns"])
