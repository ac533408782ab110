"""Versions that a user names for a comparison, and the newest labeled rows that neither of two has learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from driftloop.monitoring import sources
from driftloop.monitoring.errors import MissingColumns, NothingToCompare, listed
from driftloop.monitoring.records import Reference, Window
from driftloop.monitoring.rows.weights import labelled
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.registry import Version

# The newest rows are compared: at most this many windows of the config, and this many rows, spread evenly.
MOST_WINDOWS, MOST_ROWS = 8, 100_000
LEAST_ROWS = 30
ALIASES = (registry.CHAMPION, registry.PREVIOUS, registry.CHALLENGER, registry.SHADOW)


@dataclass(frozen=True)
class Known:
    """A version that can read the rows of the config, and its reference."""

    version: Version
    reference: Reference


def find_versions(project: Project, names: Sequence[str]) -> list[Known]:
    """Return both versions with their references."""
    versions = {version.number: version for version in registry.versions(project.model)}
    found = []
    for name in names:
        version = versions.get(name) or (registry.aliased(project.model, name) if name in ALIASES else None)
        if version is None:
            known = listed(sorted(map(int, versions)), 20) if versions else "none so far"
            raise NothingToCompare(
                f"{project.model} has no version {name!r}",
                f"the number of a version ({known}), or an alias ({', '.join(ALIASES)})",
                "correct --versions" if versions else "run `driftloop check` until the model has two versions",
            )
        found.append(version)
    if found[0].number == found[1].number:
        raise NothingToCompare(f"version {found[0].number} twice", "two different versions", "name another one")
    both = [Known(version, registry.reference(version)) for version in found]
    for one in both:
        problem = unlike(project, one.reference)
        if problem is not None:
            raise _unreadable(one, problem)
    return both


def _unreadable(one: Known, problem: str) -> NothingToCompare:
    return NothingToCompare(
        f"version {one.version.number} cannot read today's rows: {problem}",
        "two versions that can predict the rows of the config",
        "restore the columns in the source or the config, or compare other versions",
    )


def unlike(project: Project, reference: Reference) -> str | None:
    """Return why a version cannot be compared on rows of the config; None if it can."""
    target = project.columns.target
    (theirs,) = reference.of_role("target")
    if (theirs.name, theirs.kind) != (target, project.kind(target)):
        return (
            f"it predicts {theirs.name!r} ({theirs.kind}), the config's target is {target!r} ({project.kind(target)})"
        )
    now = set(project.columns.features)
    other = [
        f"{one.name!r} as {one.kind}"
        for one in reference.of_role("feature")
        if one.name in now and project.kind(one.name) != one.kind
    ]
    return f"it reads {', '.join(other)}, which the config has as another kind" if other else None


def unseen_rows(project: Project, wide: Project, known: Sequence[Known]) -> tuple[Window, pd.DataFrame]:
    """Return the newest labeled rows that neither version has learned from, in order of time, with their window."""
    now = datetime.now(UTC)
    there = sources.span(project.source, project.reading, project.folder)
    if there is None:
        raise NothingToCompare("the source has no rows", "labeled rows", "compare `source` with the data")
    end = min(there.end, now - project.columns.label_delay)
    start = max(there.start, end - MOST_WINDOWS * project.windows.current)
    newest = max((one.version for one in known if one.version.newest_learned), key=_learned, default=None)
    if newest is not None:
        start = max(start, newest.newest_learned)
    since = (
        f"version {newest.number} has learned from rows up to {newest.newest_learned:%Y-%m-%d %H:%M}" if newest else ""
    )
    if start >= end:
        raise _no_rows(f"no rows with known labels after {start:%Y-%m-%d %H:%M}", since)
    window = Window(start=start, end=end)
    try:
        frame = read_fresh(Query(wide, window, wide.folder, now)).frame
    except MissingColumns as error:
        for one in known:
            lost = [each.name for each in one.reference.of_role("feature") if each.name in error.lost]
            if lost:
                raise _unreadable(one, f"{listed(lost)} is not in the source") from error
        raise
    rows = frame.loc[labelled(frame, project.columns)].reset_index(drop=True) if len(frame) else frame
    if len(rows) < LEAST_ROWS:
        raise _no_rows(f"{len(rows)} labeled rows in {window}", since)
    return window, rows.iloc[:: max(1, -(-len(rows) // MOST_ROWS))].reset_index(drop=True)


def _learned(version: Version) -> Any:
    return version.newest_learned


def _no_rows(found: str, since: str) -> NothingToCompare:
    return NothingToCompare(
        found + (f"; {since}" if since else ""),
        f"at least {LEAST_ROWS} labeled rows that neither version has learned from",
        "wait for new labels, or compare older versions",
    )
