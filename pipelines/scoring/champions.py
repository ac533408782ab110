"""The champions that serve: one thread follows configs and aliases, and puts a new version in place of the old one.

A new version is loaded and proven next to the one that serves, which answers meanwhile. A request takes the version
once and is answered by it alone. A version that cannot be loaded, or does not predict what it predicted when it was
stored, does not serve: the one before it goes on.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime.outages import resumable, translate
from driftloop.pipelines.service.roster import Broken, Roster

if TYPE_CHECKING:
    from driftloop.pipelines.registry import Version
    from driftloop.pipelines.scoring.canary import Canary
    from driftloop.pipelines.scoring.loaded import Loaded

State = Literal["starting", "serving", "no_champion", "refused", "elsewhere"]
# A look takes about 5 ms per model; the pause keeps it below a tenth of one core.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 4.0
RETRY_SECONDS = 30.0
log = logging.getLogger("driftloop.scoring")


@dataclass(frozen=True)
class Place:
    """One model: its config, the version that serves, and what keeps the champion from serving, if something does.

    `canary` is the challenger in shadow that answers a share of the requests.
    """

    project: Project
    state: State
    loaded: Loaded | None = None
    problem: str | None = None
    refused: str | None = None
    retry_at: float = 0.0
    canary: Canary | None = None


@dataclass(frozen=True)
class Contact:
    """Whether the registry answered at the last look, since when that is so, and its error if it did not."""

    reachable: bool
    since: datetime
    looked: datetime
    error: str | None = None


class Champions:
    """Follows the models of some folders and files until `stop`. Other threads read `places` and `contact`."""

    def __init__(
        self,
        configs: Iterable[Path],
        *,
        taken: Callable[[Project], object] = lambda _: None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.places: dict[str, Place] = {}
        self.contact: Contact | None = None
        self.ready = False
        self._roster, self._taken, self._pause = Roster(configs), taken, pause_seconds
        self._stop, self._swapped = threading.Event(), False
        self._refused: dict[str, tuple[str, float]] = {}
        self._thread = threading.Thread(target=self._run, name="champions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the model that is being looked at."""
        self._stop.set()

    def ended(self, seconds: float) -> bool:
        """Wait for the thread after `stop`; return whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def dead(self) -> bool:
        """Whether the thread was started and has ended."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Config files that are invalid."""
        return tuple(self._roster.broken.values())

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.thread_time()
            try:
                self.look()
            except Exception:
                log.exception("a look at configs and champions failed and is repeated")
            # Of its own work: a machine that is busy with something else must not delay a promotion further.
            spent = time.thread_time() - begun
            self._stop.wait(min(max(self._pause, 9 * spent), max(self._pause, LONGEST_PAUSE_SECONDS)))

    def look(self) -> None:
        """Read changed configs, and follow the champion of every model."""
        changes = self._roster.look(datetime.now(UTC))
        for broken in changes.broken:
            kept = f"\n  {broken.model} keeps using its last valid config" if broken.model else ""
            log.error("%s%s", broken.why, kept)
        for model in changes.dropped:
            log.info("%s: its file was removed; it no longer serves", model)
        projects = self._roster.models()
        for project in changes.taken:
            self._taken(project)
        before = self.places
        self.places = {
            model: before.get(model, Place(project, "starting" if project.trains else "elsewhere"))
            for model, project in projects.items()
        }
        self.ready = self._follow_all(projects) or self.ready
        if self._swapped:
            _search_no_more()
            self._swapped = False

    def _follow_all(self, projects: dict[str, Project]) -> bool:
        """Follow every model; return whether the registry answered, for one of them at least."""
        errors: list[Exception] = []
        for model, project in projects.items():
            if self._stop.is_set():
                return False
            if not project.trains:
                self._put(model, Place(project, "elsewhere", problem="its predictions are made elsewhere"))
                continue
            try:
                self._follow(model, project)
                self._follow_shadow(model, project)
            except Exception as error:
                errors.append(error)
                if resumable(translate(error)):
                    break  # each further model would wait as long
        followed = sum(project.trains for project in projects.values())
        if errors and (len(errors) == followed or resumable(translate(errors[-1]))):
            self._lost_contact(errors[-1])
            return False
        now = datetime.now(UTC)
        if self.contact is None or not self.contact.reachable:
            if self.contact is not None:
                log.info("the registry answers again")
            self.contact = Contact(True, now, now)
        self.contact = Contact(True, self.contact.since, now)
        return True

    def _lost_contact(self, error: Exception) -> None:
        cause, now = translate(error), datetime.now(UTC)
        text = without_passwords(f"{type(cause).__name__}: {getattr(cause, 'found', cause)}")
        if self.contact is None or self.contact.reachable:
            log.warning("the registry is unavailable; the loaded versions go on serving: %s", text)
            self.contact = Contact(False, now, now, text)
        self.contact = Contact(False, self.contact.since, now, text)

    def _follow(self, model: str, project: Project) -> None:
        from driftloop.pipelines import registry

        place, version = self.places[model], registry.aliased(model, registry.CHAMPION)
        loaded = place.loaded
        if version is None:
            problem = "no version has the alias 'champion'"
            if loaded is not None:
                problem += f"; version {loaded.version.number} goes on serving"
            self._put(model, Place(project, "serving" if loaded else "no_champion", loaded, problem))
        elif loaded is not None and _is(loaded, version, project):
            self._put(model, Place(project, "serving", loaded))
        elif place.canary is not None and _is(place.canary.loaded, version, project):
            self._serve(project, place.canary.loaded, loaded)
        elif place.refused != version.model_id or place.project != project or time.monotonic() > place.retry_at:
            self._load(project, version, loaded)

    def _follow_shadow(self, model: str, project: Project) -> None:
        """Have the challenger in shadow answer its share of the requests, if `promotion.canary` sends it one."""
        from driftloop.pipelines import registry

        place, share = self.places[model], project.promotion.canary
        version = registry.aliased(model, registry.SHADOW) if share and place.loaded is not None else None
        if version is None or (place.loaded is not None and _same(place.loaded, version)):
            if place.canary is not None:
                log.info("%s: version %s no longer gets requests", model, place.canary.loaded.version.number)
            self.places[model] = replace(place, canary=None)
            return
        there, refused = place.canary, self._refused.get(model)
        if there is not None and _is(there.loaded, version, project):
            return
        if refused is None or refused[0] != version.model_id or time.monotonic() > refused[1]:
            self.places[model] = replace(place, canary=self._canary(project, version, share))

    def _canary(self, project: Project, version: Version, share: float) -> Canary | None:
        from driftloop.pipelines.scoring.canary import Canary

        loaded = _loaded(project, version)
        if isinstance(loaded, str):
            self._refused[version.model] = (version.model_id, time.monotonic() + RETRY_SECONDS)
            log.warning("%s: version %s in shadow gets no requests: %s", version.model, version.number, loaded)
            return None
        log.info("%s: version %s in shadow gets %.0f%% of the requests", version.model, version.number, 100 * share)
        self._swapped = True
        return Canary(loaded, share)

    def _load(self, project: Project, version: Version, before: Loaded | None) -> None:
        loaded = _loaded(project, version)
        if isinstance(loaded, str):
            problem = f"version {version.number} cannot serve: {loaded}"
            if before is not None:
                problem += f"\n  version {before.version.number} goes on serving"
            self._put(
                version.model,
                Place(
                    project,
                    "serving" if before else "refused",
                    before,
                    problem,
                    refused=version.model_id,
                    retry_at=time.monotonic() + RETRY_SECONDS,
                ),
            )
            return
        self._serve(project, loaded, before)

    def _serve(self, project: Project, loaded: Loaded, before: Loaded | None) -> None:
        was = f", after version {before.version.number}" if before else ""
        log.info("%s: version %s serves%s", project.model, loaded.version.number, was)
        self._put(project.model, Place(project, "serving", loaded))
        self._swapped = True

    def _put(self, model: str, place: Place) -> None:
        before = self.places.get(model)
        if place.problem and (before is None or before.problem != place.problem):
            level = logging.INFO if place.state == "elsewhere" else logging.WARNING
            log.log(level, "%s: %s", model, place.problem)
        self.places[model] = replace(place, canary=before.canary if before else None)


def _search_no_more() -> None:
    """Leave all that is in memory out of later searches for garbage: each would stop the answers for 0.2 s or more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _loaded(project: Project, version: Version) -> Loaded | str:
    """Load a version, or return why it cannot serve. Raises what a later look may not meet: an outage."""
    from driftloop.pipelines.scoring.loaded import load

    try:
        return load(project, version)
    except Exception as error:
        cause = translate(error)
        if isinstance(cause, Exception) and resumable(cause):
            raise
        return without_passwords(str(cause))


def _is(loaded: Loaded, version: Version, project: Project) -> bool:
    return _same(loaded, version) and loaded.project == project


def _same(loaded: Loaded, version: Version) -> bool:
    return (loaded.version.number, loaded.version.model_id) == (version.number, version.model_id)
