"""`training.window` reads back as it is written, and a span to choose from is a span wherever one is needed."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from tests import streams


def project(window: Any, **changes: Any) -> Project:
    return Project.model_validate(streams.config(training__window=window, **changes))


@pytest.mark.parametrize(
    ("written", "days", "chosen"),
    [("28d", 28, False), ({"choose": "30d"}, 30, True), ("choose", 28, True), ({"choose": "1d12h"}, 1.5, True)],
)
def test_it_reads_back_as_it_is_written(written: Any, days: float, chosen: bool) -> None:
    """Plain `choose` is four current windows; JSON, a copy and a pickle keep the wish to choose."""
    made = project(written, training__holdout=None)
    again = [
        made,
        Project.model_validate_json(made.model_dump_json()),
        pickle.loads(pickle.dumps(made)),
        made.model_copy(deep=True),
    ]
    for one in again:
        assert one.training.window == timedelta(days=days)
        assert isinstance(one.training.window, ChosenSpan) == chosen


def test_the_base_goes_with_the_current_window() -> None:
    """A check of three days falls back to twelve."""
    assert project("choose", windows__current="3d").training.window == timedelta(days=12)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"choose": "0d"}, "a positive duration"),
        ({"chose": "28d"}, "the keys chose"),
        ({}, "no key"),
        ("chose", "a duration such as"),
        ({"choose": "soon"}, "a duration such as"),
    ],
)
def test_anything_else_is_refused(written: Any, message: str) -> None:
    """The key is named, with what is expected there."""
    with pytest.raises(ValidationError, match=message) as refused:
        project(written)
    assert refused.value.errors()[0]["loc"] == ("training", "window")
