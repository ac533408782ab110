"""Models watched by the service: the YAML files of its folders, their last valid configs, and invalid files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftloop.monitoring.errors import DriftloopError, UnknownModel
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.service.settling import Settling, listing

# An editor that writes in two steps is not caught between them.
SETTLE = timedelta(seconds=0.5)


@dataclass(frozen=True)
class Broken:
    """An invalid file, and why. `model` is the model that keeps using its last valid config, if there is one."""

    file: str
    why: str
    model: str | None


@dataclass(frozen=True)
class Changes:
    """Changes since the last look: models to watch with their new config, models to drop, newly invalid files."""

    taken: tuple[Project, ...] = ()
    dropped: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()


class Roster:
    """Models of some folders and files, with their last valid configs."""

    def __init__(self, places: Iterable[Path]) -> None:
        self.places = tuple(place.resolve() for place in places)
        for place in self.places:
            if not place.exists():
                raise UnknownModel(str(place))
        self.broken: dict[str, Broken] = {}
        self._good: dict[str, Project] = {}
        self._files = Settling(timedelta())

    @property
    def restless(self) -> bool:
        """Whether a file is being written."""
        return self._files.restless

    def look(self, now: datetime) -> Changes:
        """Read the files that are new or changed since the last look. An invalid file is reported once per state."""
        patterns = [str(place / "*.y*ml") if place.is_dir() else str(place) for place in self.places]
        there = {name: stamp for pattern in patterns for name, stamp in listing(pattern).items()}
        before = self.models()
        gone = [file for file in self._good.keys() | self.broken.keys() if file not in there]
        for file in gone:
            self._good.pop(file, None)
            self.broken.pop(file, None)
        changed = self._files.see(there, now)
        self._files.settle = SETTLE
        if not gone and not changed:
            return Changes()
        # A file with the model name of another file may be valid now that the other file has changed.
        again = [file for file in self.broken if file not in changed]
        broken = [problem for file in sorted({*changed, *again}) if (problem := self._take(file)) is not None]
        after = self.models()
        return Changes(
            taken=tuple(project for model, project in after.items() if before.get(model) != project),
            dropped=tuple(model for model in before if model not in after),
            broken=tuple(broken),
        )

    def models(self) -> dict[str, Project]:
        """Return every watched model, by name."""
        return {project.model: project for project in self._good.values()}

    def _take(self, file: str) -> Broken | None:
        """Read one file; return its problem unless it was reported before."""
        reported, kept = self.broken.pop(file, None), self._good.get(file)
        try:
            project = load(file)
            other = next((f for f, p in self._good.items() if p.model == project.model and f != file), None)
            if other is None:
                self._good[file] = project
                return None
            why = f"the model {project.model!r} is already defined in {other}; rename one of the two"
        except DriftloopError as error:
            why = str(error)
        except Exception as error:
            # Unexpected errors too: one file must not keep the others from being read.
            why = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
        problem = Broken(file, why, kept.model if kept else None)
        self.broken[file] = problem
        return problem if problem != reported else None
