"""Models to deploy, from the named files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from driftloop.monitoring.errors import ConfigError, UnknownModel
from driftloop.pipelines.config.project import Project, load


def projects(places: Iterable[Path]) -> tuple[Project, ...]:
    """Return every model of some files and folders, by name. An invalid file raises, so that nothing is deployed."""
    files = [file for place in places for file in _files(place)]
    taken: dict[str, Project] = {}
    for file in dict.fromkeys(file.resolve() for file in files):
        project = load(file)
        other = taken.setdefault(project.model, project)
        if other is not project:
            raise ConfigError(
                str(file),
                "model",
                f"{project.model!r} is already defined in {other.file}",
                expected="a unique name for every model",
                remedy="rename one of the two models, or pass only one of the files",
            )
    return tuple(taken[model] for model in sorted(taken))


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    files = sorted(place.glob("*.y*ml"))
    if not files:
        raise UnknownModel(f"{place}/*.yaml")
    return files
