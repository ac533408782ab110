"""The columns that a source has had are remembered per model; without a record nothing is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.flows import known_columns
from tests import streams


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "state"))
    return lambda **changes: load(streams.write(tmp_path, **changes))


def test_columns_add_up_and_settings_are_the_newest(project: Any) -> None:
    """A column that was there once is remembered; a changed config has not fitted yet."""
    first: Project = project()
    assert (known_columns.known(first), known_columns.fitted(first)) == (frozenset(), False)
    known_columns.remember(first, ["ts", "amount"])
    known_columns.remember(first, ["ts", "speed"])
    assert known_columns.known(first) == {"ts", "amount", "speed"}
    assert known_columns.fitted(first)
    for change in (
        {"columns__numeric": ["sped"]},
        {"source__path": "other.csv"},
        {"columns__rules": {"x": {"min": 1}}},
    ):
        assert not known_columns.fitted(project(**change))
    assert known_columns.fitted(project(schedule={"every": "1h"}))
    assert known_columns.known(project(model="another")) == frozenset()


@pytest.mark.parametrize("content", ["", "[1]", '{"columns": 3'])
def test_a_broken_record_is_none(content: str, project: Any, tmp_path: Path) -> None:
    """It is written again; a folder that cannot be written to costs time and nothing else."""
    made = project()
    file = tmp_path / "state" / "columns" / "made.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert known_columns.known(made) == frozenset()
    known_columns.remember(made, ["ts"])
    assert known_columns.known(made) == {"ts"}
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("")
    known_columns.remember(made, ["ts"])
    assert not known_columns.fitted(made)
