"""Columns that the source of a model has had, in the state folder, to distinguish misspelled names from broken data.

The champion's reference has them too, but reading it imports MLflow, which takes longer than all the rest.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from driftloop.monitoring.ledger import digest
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home


def settings_of(project: Project) -> str:
    """Return a digest of all settings that decide which columns a source must have."""
    labels = project.labels.model_dump_json() if project.labels else ""
    return digest(project.source.model_dump_json(), project.columns.model_dump_json(), labels)


def known(project: Project) -> frozenset[str]:
    """Return the columns that the source of this model has had; none without a record."""
    return frozenset(_read(project).get("columns", ()))


def fitted(project: Project) -> bool:
    """Return whether the config fitted its source with these settings before."""
    return _read(project).get("settings") == settings_of(project)


def remember(project: Project, columns: Iterable[str]) -> None:
    """Add columns that the source has to the record; an error is ignored, because the record only saves time."""
    before = _read(project)
    record = {"settings": settings_of(project), "columns": sorted({*before.get("columns", ()), *columns})}
    if record == before:
        return
    file = _file(project)
    draft = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(record), "utf-8")
        draft.replace(file)


def _read(project: Project) -> dict[str, Any]:
    try:
        record = json.loads(_file(project).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _file(project: Project) -> Path:
    return home.home() / "columns" / f"{project.model}.json"
