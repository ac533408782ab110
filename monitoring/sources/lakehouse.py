"""Files that belong to a table of Delta Lake or Iceberg: its log decides which of them count, so they are not read."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import SourceUnreadable

if TYPE_CHECKING:
    from driftloop.monitoring.sources.places import Files, Place

DELTA, ICEBERG = "_delta_log", "metadata/*.metadata.json"
# What may be between the folder of a table and its files: folders such as `day=2026-01-01`, and Iceberg's `data`.
BETWEEN = "data"


def refuse_tables(at: Place, found: Files) -> None:
    """Raise SourceUnreadable if files belong to such a table: removed and replaced rows are still in them."""
    if at.text.startswith("http"):
        return  # no folders, and every question is a request
    for folder in folders(found.names, at.text):
        kind = kind_of(found.filesystem, folder)
        if kind is None:
            continue
        shown, section = at.scrub(folder), at.section
        if kind == "Delta Lake":
            remedy = f"name the table in its place: {section}.delta: {shown}"
        else:
            remedy = f"name the table and its catalog in its place: {section}.iceberg and {section}.catalog"
        raise SourceUnreadable(
            at.where,
            f"{shown} is a table of {kind}, whose files also have rows that it removed or replaced",
            remedy=remedy,
        )


def folders(names: Sequence[str], pattern: str) -> Iterator[str]:
    """Yield the folders that could be the table of some files: their own ones, and those above; not partitions.

    Above the part of the pattern without wildcards there is at most one.

    >>> list(folders(["/lake/trips/day=1/a.parquet"], "/lake/trips/day=1/*.parquet"))
    ['/lake/trips']
    >>> list(folders(["/lake/trips/data/a.parquet"], "/lake/*/data/*.parquet"))
    ['/lake/trips/data', '/lake/trips', '/lake']
    """
    fixed = os.path.dirname(pattern[: next((at for at, sign in enumerate(pattern) if sign in "*?["), len(pattern))])
    visited: set[str] = set()
    for name in names:
        folder = os.path.dirname(name)
        while folder and folder not in visited:
            visited.add(folder)
            base, above = os.path.basename(folder), os.path.dirname(folder)
            if "=" not in base:
                yield folder
            between = "=" in base or base == BETWEEN
            if above == folder or above.endswith(":/") or not (between or len(folder) > len(fixed)):
                break
            folder = above


def kind_of(filesystem: Any, folder: str) -> str | None:
    """Return what a folder is a table of. A store that cannot list folders has none."""
    if filesystem is None:
        if os.path.isdir(os.path.join(folder, DELTA)):
            return "Delta Lake"
        return "Iceberg" if glob.glob(os.path.join(glob.escape(folder), ICEBERG)) else None
    try:
        if filesystem.isdir(f"{folder}/{DELTA}"):
            return "Delta Lake"
        return "Iceberg" if filesystem.glob(f"{folder}/{ICEBERG}") else None
    except Exception:
        return None
