"""Who checks which model, as `/health` and `/metrics` show it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Process:
    """A running service: host, pid, version of driftloop, since when, and how many models it owns."""

    host: str
    pid: int
    version: str
    since: datetime
    until: datetime
    owned: int
    this: bool

    @property
    def name(self) -> str:
        return f"{self.host} (pid {self.pid})"


@dataclass(frozen=True)
class Ownership:
    """The owner of a model; no other process may check it before `until`, which the owner keeps moving."""

    host: str
    pid: int
    since: datetime
    until: datetime
    this: bool

    @property
    def name(self) -> str:
        return f"{self.host} (pid {self.pid})"

    def as_json(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "pid": self.pid,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "this": self.this,
        }


@dataclass(frozen=True)
class FleetStatus:
    """The running services, the owners of the models of this one's files, and what does not fit together.

    `differing` has the models whose config is not the same in all services, each with the processes that differ.
    """

    processes: tuple[Process, ...] = ()
    models: tuple[str, ...] = ()
    owners: Mapping[str, Ownership] = field(default_factory=dict)
    differing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str | None = None

    @property
    def unowned(self) -> tuple[str, ...]:
        """Return the models that no process checks now."""
        return tuple(model for model in self.models if model not in self.owners)

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what does not fit together between the services, one sentence each."""
        found = [self.problem] if self.problem else []
        found += [
            f"the config of {model} here differs from the one of {', '.join(others)}: use the same file in all services"
            for model, others in self.differing.items()
        ]
        versions = sorted({one.version for one in self.processes})
        if len(versions) > 1:
            of = "; ".join(f"{version}: {_names(self.processes, version)}" for version in versions)
            found.append(f"services of several versions of driftloop share this ledger ({of}): upgrade the older ones")
        return tuple(found)

    @property
    def wrong(self) -> bool:
        """Return whether a model is not checked, or not the same everywhere."""
        return bool(self.unowned or self.differing or self.problem)

    def as_json(self) -> dict[str, Any]:
        """Return the part of `/health` about the services."""
        return {
            "processes": [
                {
                    "host": one.host,
                    "pid": one.pid,
                    "version": one.version,
                    "since": one.since.isoformat(),
                    "until": one.until.isoformat(),
                    "models": one.owned,
                    "this": one.this,
                }
                for one in self.processes
            ],
            "owners": {model: owner.as_json() for model, owner in sorted(self.owners.items())},
            "unowned": list(self.unowned),
            "problems": list(self.problems),
        }


NO_SERVICES = FleetStatus()


def _names(processes: Iterable[Process], version: str) -> str:
    return ", ".join(one.name for one in processes if one.version == version)
