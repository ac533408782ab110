"""Files that come, change, break, repair and go while the service runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import UnknownModel
from driftloop.pipelines.service.roster import Roster
from tests import streams

START = datetime(2026, 1, 1, tzinfo=UTC)


class Folder:
    """A folder of model files and a roster that looks at it as time goes by."""

    def __init__(self, place: Path) -> None:
        self.place, self.seconds = place, 0
        self.roster: Roster | None = None

    def write(self, name: str, content: str | None = None, **changes: Any) -> None:
        (self.place / name).write_text(content if content is not None else yaml.safe_dump(streams.config(**changes)))

    def look(self) -> tuple[list[str], list[str], list[str]]:
        """What was taken, dropped and broken, once files have settled."""
        self.roster = self.roster or Roster([self.place])
        taken, dropped, broken = [], [], []
        for _ in range(2):
            self.seconds += 1
            changes = self.roster.look(START + timedelta(seconds=self.seconds))
            taken += [project.model for project in changes.taken]
            dropped += list(changes.dropped)
            broken += [Path(one.file).name for one in changes.broken]
        return taken, dropped, broken


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_new_changed_and_removed_files_are_picked_up(folder: Folder) -> None:
    """Each change is reported once; a file that was only touched is none."""
    folder.write("a.yaml", model="a")
    folder.write("notes.txt", "no model")
    assert folder.look() == (["a"], [], [])
    folder.write("b.yml", model="b")
    assert folder.look() == (["b"], [], [])
    folder.write("a.yaml", model="a", schedule={"every": "6h"})
    assert folder.look() == (["a"], [], [])
    (folder.place / "a.yaml").touch()
    assert folder.look() == ([], [], [])
    (folder.place / "b.yml").unlink()
    assert folder.look() == ([], ["b"], [])


def test_a_broken_file_is_reported_once_and_the_last_good_state_stays(folder: Folder) -> None:
    """Reported again only when it is broken in another way; repaired, it is taken."""
    folder.write("a.yaml", model="a")
    folder.look()
    folder.write("a.yaml", "model: [")
    assert folder.look() == ([], [], ["a.yaml"])
    assert folder.look() == ([], [], [])
    assert folder.roster is not None
    assert list(folder.roster.models()) == ["a"]
    (broken,) = folder.roster.broken.values()
    assert broken.model == "a"
    assert "a.yaml" in broken.why
    folder.write("a.yaml", "model: 7")
    assert folder.look() == ([], [], ["a.yaml"])
    folder.write("a.yaml", model="a", windows={"current": "3d"})
    assert folder.look() == (["a"], [], [])
    assert folder.roster.broken == {}


def test_a_file_that_was_never_good_watches_nothing(folder: Folder) -> None:
    """It is reported, the others are watched."""
    folder.write("a.yaml", "nonsense")
    folder.write("b.yaml", model="b")
    assert folder.look() == (["b"], [], ["a.yaml"])


def test_a_model_is_watched_from_one_file_only(folder: Folder) -> None:
    """The second file of one name is refused until the first one gives the name up."""
    folder.write("a.yaml", model="twin")
    folder.write("b.yaml", model="twin", windows={"current": "3d"})
    assert folder.look() == (["twin"], [], ["b.yaml"])
    folder.write("a.yaml", model="other")
    assert folder.look() == (["other", "twin"], [], [])


def test_a_model_that_is_renamed_is_dropped_and_taken(folder: Folder) -> None:
    """The old name is not watched on."""
    folder.write("a.yaml", model="a")
    folder.look()
    folder.write("a.yaml", model="z")
    assert folder.look() == (["z"], ["a"], [])


def test_a_half_written_file_is_waited_for(folder: Folder) -> None:
    """A file that an editor is just writing is not read between its two steps."""
    folder.write("a.yaml", model="a")
    folder.look()
    assert folder.roster is not None
    folder.write("a.yaml", "model: a\ntas")
    assert folder.roster.look(START + timedelta(seconds=10)).broken == ()
    assert folder.roster.restless
    folder.write("a.yaml", model="a", windows={"current": "3d"})
    assert folder.roster.look(START + timedelta(seconds=10.2)).taken == ()
    assert [p.model for p in folder.roster.look(START + timedelta(seconds=11)).taken] == ["a"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """At the start, with its name."""
    with pytest.raises(UnknownModel, match="nowhere"):
        Roster([tmp_path / "nowhere"])
