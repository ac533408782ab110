"""Times of one column in several forms are read where each value has one reading, and named where it has two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import propose
from driftloop.pipelines.init.mixed_times import forms, hint
from tests.streams import stream

ASKED: dict[str, Any] = {"table": None, "model": None, "target": None, "time": None, "output": None, "force": True}


def written(*texts: str) -> pd.Series:
    return pd.Series(texts, name="day")


def test_each_value_has_one_reading() -> None:
    """Two forms that read a value alike or differently, words, and one form alone are no mixture to be read."""
    assert forms(written("31.01.2026", "2026-02-01", "01.02.2026")) == {"%d.%m.%Y": 2, "%Y-%m-%d": 1}
    assert forms(written("1/31/2026 1:00 PM", "1/31/2026")) == {"%m/%d/%Y": 1, "%m/%d/%Y %I:%M %p": 1}
    for texts in (["31/01/2026", "01/31/2026"], ["31.01.2026", "soon"], ["31.01.2026"]):
        assert forms(written(*texts)) is None


def test_the_reason_has_examples() -> None:
    """Forms with an example each, or the number of values that are no times; nothing for a column of words."""
    assert hint(written("31/01/2026", "01/31/2026")) == (
        "'day' mixes forms: '31/01/2026' (as %d/%m/%Y), '01/31/2026' (as %m/%d/%Y)"
    )
    assert hint(written("31.01.2026", "31.01.2026", "n/a")) == (
        "'day' has 1 of 3 values that are no times, such as 'n/a'"
    )
    assert hint(written("rome", "oslo")) == ""


def test_a_file_of_two_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of before and after a migration are read by one expression; with two readings they are refused."""
    monkeypatch.chdir(tmp_path)
    frame = stream(56, 20).rename(columns={"ts": "day"})
    moments = pd.to_datetime(frame["day"]).dt.floor("min")
    old = moments.dt.month == 1
    both = moments.dt.strftime("%d.%m.%Y %H:%M").where(old, moments.dt.strftime("%Y-%m-%d %H:%M"))
    frame.assign(day=both).to_csv("rows.csv", index=False)
    project = load(propose("rows.csv", **ASKED).file)
    assert project.columns.derived["day"] == "strptime(\"day\", ['%d.%m.%Y %H:%M', '%Y-%m-%d %H:%M'])"
    swapped = moments.dt.strftime("%d/%m/%Y").where(old, moments.dt.strftime("%m/%d/%Y"))
    frame.assign(day=swapped).to_csv("rows.csv", index=False)
    with pytest.raises(ConfigError, match="'day' mixes forms: "):
        propose("rows.csv", **ASKED)
