"""Snapshots of checks in a workspace of Evidently, read back from its real service."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from driftloop.monitoring.records import Check, Outcome
from driftloop.monitoring.report.snapshots import project_of, snapshots
from driftloop.pipelines.config.project import load
from driftloop.pipelines.requests import pruning
from tests.conftest import Model
from tests.servers.evidently import SECRET, EvidentlyService
from tests.streams import day

Trained = Callable[..., Model]


def reports_of(service: EvidentlyService, model: str) -> list[dict[str, Any]]:
    """The snapshots of a model that the service shows; none of a project that it has not seen yet."""
    try:
        shown: list[dict[str, Any]] = service.get(f"/api/projects/{project_of(model)}/reports")
    except HTTPError:
        return []
    return shown


def scores_of(service: EvidentlyService, check: Check) -> dict[str, float]:
    """The score of each column in the check's snapshot, as the service shows them."""
    page = service.get(f"/api/projects/{project_of(check.model)}/{str(check.snapshot).rpartition('/')[2]}/data")
    counters = [widget for widget in page["widgets"] if widget["type"] == "counter"]
    texts = [one["params"]["counters"][0] for one in counters]
    return {one["value"].split("'")[1]: float(one["label"].rpartition(": ")[2]) for one in texts}


def test_the_service_shows_project_and_snapshot(
    trained: Trained, evidently_service: EvidentlyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model is a project, a check a report in it with the scores that were decided on; the check has its page."""
    monkeypatch.setenv("EVIDENTLY_SECRET", SECRET)
    made = trained()
    made.given(report={"workspace": evidently_service.url + "/"})
    checks: Sequence[Check] = [made.check(day(28)), made.check(day(35))]
    assert [check.outcome for check in checks] == [Outcome.STEADY] * 2
    project = str(project_of(made.name))
    (known,) = [one for one in evidently_service.get("/api/v2/projects") if one["id"] == project]
    assert known["name"] == made.name
    reports = sorted(reports_of(evidently_service, made.name), key=lambda one: one["timestamp"])
    assert [one["timestamp"][:10] for one in reports] == ["2026-01-29", "2026-02-05"]
    assert [one["metadata"]["check"] for one in reports] == [check.check_id for check in checks]
    assert reports[0]["tags"] == ["version:1", "decision:wait"]
    assert checks[0].snapshot == f"{evidently_service.url}/projects/{project}/reports/{reports[0]['id']}"
    assert scores_of(evidently_service, checks[0]) == {
        score.name: pytest.approx(score.score, abs=6e-4) for score in checks[0].columns
    }
    board = evidently_service.get(f"/api/v2/dashboards/{project}")
    assert [panel["title"] for panel in board["panels"]] == ["Drift score of each column"]


@pytest.mark.faults
def test_a_folder_is_shown_by_the_service_and_pruned(
    trained: Trained, evidently_service: EvidentlyService, tmp_path: Path
) -> None:
    """The same check again leaves one snapshot; old ones go with the reports, but the newest; a dry run stores none."""
    made = trained(task="binary")
    made.given(report={"workspace": str(evidently_service.folder / "workspace")})
    checks = [made.check(day(28)), made.check(day(35))]
    assert made.check(day(42), dry_run=True).snapshot is None
    files = [Path(str(check.snapshot)) for check in checks]
    assert sorted(files[0].parent.iterdir()) == sorted(files)
    assert files[0].parent == snapshots(evidently_service.folder / "workspace", made.name)
    if not _shown(evidently_service, made.name):
        # Its watch of folders can miss a file in a folder that was new; it reads all files when it starts.
        evidently_service.kill()
        evidently_service.start()
        assert _shown(evidently_service, made.name), "the service does not see the new files"
    for file in files:
        os.utime(file, (0, 0) if file == files[0] else (1, 1))
    project = load(made.file)
    assert project.retention.reports < timedelta(days=400)
    (removed,) = pruning._snapshots(project, dry_run=False)
    assert removed.kind == "snapshot"
    assert [file.exists() for file in files] == [False, True]


def _shown(service: EvidentlyService, model: str) -> bool:
    """Whether the service shows two reports of a model within a while."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if len(reports_of(service, model)) == 2:
            return True
        time.sleep(0.2)
    return False


UNREACHABLE = [("file/inside", "NotADirectoryError"), ("http://127.0.0.1:9", "Connect")]


@pytest.mark.parametrize(("place", "problem"), UNREACHABLE)
def test_an_unreachable_workspace_fails_no_check(trained: Trained, place: str, problem: str) -> None:
    """The check is complete; a finding reports what is missing and why."""
    made = trained(task="multiclass")
    (made.folder / "file").write_text("no folder")
    made.given(report={"workspace": place})
    check = made.check(day(28 if place.startswith("file") else 35))
    assert check.outcome is Outcome.STEADY
    assert check.snapshot is None
    (finding,) = [one for one in check.findings if one.code == "snapshot_not_stored"]
    assert problem in finding.message
    assert "snapshot_not_stored" in Path(str(check.report)).read_text("utf-8")
