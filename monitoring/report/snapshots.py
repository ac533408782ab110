"""The drift of a check as a snapshot of Evidently, and the workspace that stores it: a folder, or a service's URL."""

from __future__ import annotations

import json
import os
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.records import ColumnReference, ColumnScore, Window
from driftloop.monitoring.report.drawing import Column, comparable, datasets
from driftloop.monitoring.report.evidently_parts import DECIDED, decided, evidently
from driftloop.monitoring.report.samples import draw

# Evidently's services read the secret from this header; its own client reads it from this variable.
SECRET_HEADER, SECRET = "evidently-secret", "EVIDENTLY_SECRET"
# A service that does not answer delays a check by no more than twice this.
SECONDS = 10.0
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "driftloop")
PANEL = {"plot_type": "line"}
# Files of a project in a folder, besides its snapshots.
METADATA, DASHBOARD = "metadata.json", "dashboard.json"


@dataclass(frozen=True)
class Rows:
    """What a snapshot is drawn from: samples of the reference and of the current rows, their columns and scores."""

    reference: pd.DataFrame
    current: pd.DataFrame
    columns: tuple[ColumnReference, ...]
    scores: tuple[ColumnScore, ...]


@dataclass(frozen=True)
class Label:
    """How a snapshot is found: name, window, tags, and texts by their names."""

    model: str
    check_id: str
    window: Window
    tags: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]

    @property
    def snapshot(self) -> uuid.UUID:
        """Return the id of the check's snapshot in a folder: writing it twice leaves one."""
        return uuid.uuid5(NAMESPACE, self.check_id)


class Workspace(Protocol):
    """A place for snapshots."""

    def store(self, label: Label, snapshot: Any) -> str:
        """Store a snapshot in the model's project, created if it is missing; return its file or its page."""


def project_of(model: str) -> uuid.UUID:
    """Return the id of the project of a model."""
    return uuid.uuid5(NAMESPACE, f"model/{model}")


def snapshots(workspace: Path, model: str) -> Path:
    """Return the folder of a model's snapshots in a workspace."""
    return workspace / str(project_of(model)) / "snapshots"


def snapshot_of(rows: Rows, settings: Drift, label: Label) -> Any:
    """Return Evidently's snapshot of all scored columns: the scores that were decided on, drawn from the samples.

    Columns without values on one side, and numbers too large and close together to be drawn, are not in it.
    """
    parts, scores = evidently(), {score.name: score for score in rows.scores}
    old, new = (draw(frame, settings.sample_rows, settings.seed) for frame in (rows.reference, rows.current))
    known = comparable(old, new, rows.columns, set(scores) & set(old) & set(new), settings.max_levels)
    drawn = sorted((one for one in known if _drawable(one)), key=lambda one: -strain(scores[one.settings.name]))
    by_label = {column.label: column for column in drawn}
    results = {name: scores[column.settings.name] for name, column in by_label.items()}
    # Without thresholds, which differ from check to check: Evidently's dashboard draws one line for equal parameters.
    metrics = [parts.ValueDrift(column=name, method=decided(score.method)) for name, score in results.items()]
    report = parts.Report(metrics, metadata=dict(label.texts), tags=list(label.tags))
    before = DECIDED.set(results)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            reference, current = datasets(by_label)
            name = f"{label.model} {label.window.end:%Y-%m-%d}"
            return report.run(current, reference, timestamp=label.window.end, name=name)
    finally:
        DECIDED.reset(before)


def _drawable(column: Column) -> bool:
    if any(column.empty):
        return False
    if column.settings.kind != "numeric":
        return True
    values = np.concatenate([side.dropna().to_numpy(np.float64) for side in (column.reference, column.current)])
    try:
        np.histogram(values, bins="sturges")
    except ValueError:
        return False
    return True


def opened(place: str | Path) -> Workspace:
    """Return the workspace at a folder or at the URL of an Evidently service."""
    return Service(place.rstrip("/")) if isinstance(place, str) else Folder(place)


@dataclass(frozen=True)
class Folder:
    """A workspace in a folder, which `evidently ui --workspace` shows."""

    path: Path

    def store(self, label: Label, snapshot: Any) -> str:
        project = self.path / str(project_of(label.model))
        file = snapshots(self.path, label.model) / f"{label.snapshot}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not (project / METADATA).is_file():
            _appear(project / DASHBOARD, _json(_dashboard().dict()))
            _appear(project / METADATA, _json(_project(label.model).dict()))
        _appear(file, _json(snapshot.dump_dict()))
        return str(file)


def _appear(file: Path, text: str) -> None:
    """Write a file whole or not at all, by a link where that is possible: a service that runs sees no renamed file."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    scratch.write_text(text, "utf-8")
    try:
        os.link(scratch, file)
        scratch.unlink()
    except OSError:
        scratch.replace(file)


@dataclass(frozen=True)
class Service:
    """A workspace behind an Evidently service. The secret is EVIDENTLY_SECRET of the environment, if it is set."""

    url: str

    def store(self, label: Label, snapshot: Any) -> str:
        """Raises httpx.HTTPError if the service is unreachable or refuses."""
        secret = os.environ.get(SECRET)
        headers = {"content-type": "application/json", **({SECRET_HEADER: secret} if secret else {})}
        with httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS, follow_redirects=True) as client:
            project = _project(label.model)
            known = client.get("/api/v2/projects").raise_for_status().json()
            if str(project.id) not in {each["id"] for each in known}:
                _post(client, "/api/v2/projects", project.dict())
                _post(client, f"/api/v2/dashboards/{project.id}", _dashboard().dict())
            stored = _post(client, f"/api/v2/snapshots/{project.id}", snapshot.dump_dict())
        return f"{self.url}/projects/{project.id}/reports/{stored.json()['snapshot_id']}"


def _post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    return client.post(path, content=_json(body)).raise_for_status()


def _json(value: Any) -> str:
    return json.dumps(value, cls=evidently().NumpyEncoder)


def _project(model: str) -> Any:
    return evidently().ProjectModel(
        id=project_of(model), name=model, description="Drift of each check, stored by driftloop"
    )


def _dashboard() -> Any:
    """Return one tab with the drift score of each column over time."""
    parts = evidently()
    metric = parts.PanelMetric(metric="ValueDrift", legend="{{column}}")
    panel = parts.DashboardPanelPlot(
        title="Drift score of each column",
        subtitle="at the end of each window; methods and thresholds are in the reports",
        size="full",
        values=[metric],
        plot_params=PANEL,
    )
    return parts.DashboardModel(tabs=[parts.DashboardTabModel(title="Drift", panels=[panel.id])], panels=[panel])
