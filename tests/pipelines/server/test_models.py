"""Which models a deploy takes: all that were named, each once, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import ConfigError, UnknownModel
from driftloop.pipelines.server.models import projects
from tests.streams import write


def test_a_folder_and_a_file_of_it_are_one_model(tmp_path: Path) -> None:
    """A file that is named twice is deployed once; models come by name."""
    first, second = write(tmp_path / "a", model="b"), write(tmp_path / "c", model="a")
    assert [one.model for one in projects([tmp_path / "a", first, second])] == ["a", "b"]


def test_two_files_of_one_model_are_refused(tmp_path: Path) -> None:
    """The error names both files."""
    files = [write(tmp_path / name, model="taxi") for name in ("a", "b")]
    with pytest.raises(ConfigError, match=r"(?s)b/model\.yaml: model: 'taxi' is already defined in .*a/model\.yaml"):
        projects(files)


def test_nothing_is_deployed_from_a_folder_without_files_or_with_a_broken_one(tmp_path: Path) -> None:
    """A folder that holds no YAML is reported, and so is a broken file among good ones."""
    with pytest.raises(UnknownModel, match=r"\*\.yaml"):
        projects([tmp_path])
    write(tmp_path, model="good")
    (tmp_path / "bad.yaml").write_text("model: [")
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        projects([tmp_path])
