"""Which models are deployed: the files that were named, and those of the folders that were."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from driftloop.monitoring.errors import ConfigError, UnknownModel
from driftloop.pipelines.config.project import Project, load


def projects(places: Iterable[Path]) -> tuple[Project, ...]:
    """Every model of some files and folders, by its name. One file that is broken, and nothing is deployed."""
    files = [file for place in places for file in _files(place)]
    taken: dict[str, Project] = {}
    for file in dict.fromkeys(file.resolve() for file in files):
        project = load(file)
        other = taken.setdefault(project.model, project)
        if other is not project:
            raise ConfigError(
                str(file),
                "model",
                f"{project.model!r} is in {other.file} already",
                expected="a name of its own for every model",
                remedy="rename one of the two, or name one of the files only",
            )
    return tuple(taken[model] for model in sorted(taken))


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    found = sorted(place.glob("*.y*ml"))
    if not found:
        raise UnknownModel(f"{place}/*.yaml")
    return found
