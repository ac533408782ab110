"""Removal of what checks leave behind, by age: reports, snapshots, results, runs, predictions. The ledger stays whole.

Kept at any age: the newest report and the newest page of a backtest, the reports and runs of open requests,
training runs, and the runs of checks that led to a version; of the prediction log what `needed_from` names. Versions
stay too, except models of the history that the archive does not keep any more: those go by their rank.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from driftloop.monitoring.errors import SecretMissing
from driftloop.monitoring.ledger import Claim, Ledger
from driftloop.monitoring.records import Record
from driftloop.monitoring.report.snapshots import snapshots
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry.erasing import erase_runs
from driftloop.pipelines.registry.identities import identities
from driftloop.pipelines.registry.promotion import MOVES
from driftloop.pipelines.runtime import home

REPORT = re.compile(r"[0-9]{8}T[0-9]{4}_[0-9a-f]{16}\.html")
SNAPSHOT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
COMPARED = re.compile(r"(windows(_[0-9]{8}T[0-9]{4}){4}|versions(_[0-9]+){2})\.html")
BACKTEST = re.compile(r"backtest_[0-9]{8}T[0-9]{4}\.html")
KINDS = ("check", "probe", "candidate", "trial", "history")
# More old runs than that are left to the next day.
MOST_RUNS = 1000
DAY = timedelta(days=1)


class Removal(Record):
    """One thing that is removed: a file by its path in the state folder, an MLflow run by its id, or a version."""

    kind: Literal["report", "snapshot", "result", "prediction", "run", "version"]
    name: str
    age_days: float
    bytes: int = 0


def prune(projects: Sequence[Project], ledger: Ledger, *, dry_run: bool = False) -> list[Removal]:
    """Remove what is older than the `retention` of these models; return it. A dry run removes nothing.

    Models of the history without a rank, or with one beyond `archive.keep`, are removed at any age. Cached results
    belong to no model: the longest `retention.results` counts. A model whose runs another process is removing is left
    to it.
    """
    removed = [removal for project in projects for removal in _reports(project, ledger, dry_run)]
    removed += [removal for project in projects for removal in _snapshots(project, dry_run)]
    if projects:
        removed += _results(max(project.retention.results for project in projects), dry_run)
    for project in projects:
        removed += _predictions(project, ledger, dry_run)
        if dry_run:
            removed += (*_versions(project, ledger, dry_run), *_runs(project, ledger, dry_run))
            continue
        with ledger.holding(f"prune/{project.model}", waiting=None) as claim:
            if isinstance(claim, Claim):
                removed += (*_versions(project, ledger, dry_run), *_runs(project, ledger, dry_run))
    return removed


def prune_daily(project: Project, ledger: Ledger) -> list[Removal]:
    """Prune one model unless that was done within the last day on this machine."""
    stamp = home.home() / "pruned" / project.model
    if stamp.exists() and time.time() - stamp.stat().st_mtime < DAY.total_seconds():
        return []
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    return prune([project], ledger)


def _reports(project: Project, ledger: Ledger, dry_run: bool) -> Iterator[Removal]:
    folder = home.reports(project.model)
    checks = [request.check for request in ledger.open_requests(project.model)]
    needed = {Path(check.report).name for check in checks if check is not None and check.report is not None}
    for named in (REPORT, BACKTEST, COMPARED):
        files = sorted(file for file in _files(folder) if named.fullmatch(file.name))
        old = [file for file in files[:-1] if file.name not in needed]
        yield from _remove("report", old, project.retention.reports, dry_run)


def _snapshots(project: Project, dry_run: bool) -> Iterator[Removal]:
    """Remove snapshots in the folder of `report.workspace`, but the newest; a service there keeps its own."""
    with suppress(SecretMissing):
        if isinstance(place := project.report.place(project.folder), Path):
            found = [file for file in _files(snapshots(place, project.model)) if SNAPSHOT.fullmatch(file.name)]
            old = sorted(found, key=lambda file: file.stat().st_mtime)[:-1]
            yield from _remove("snapshot", old, project.retention.reports, dry_run)


def _results(kept: timedelta, dry_run: bool) -> Iterator[Removal]:
    """Remove results of our steps; a step computes again what it does not find."""
    given = os.environ.get("PREFECT_LOCAL_STORAGE_PATH")
    prefect = Path(os.environ.get("PREFECT_HOME") or home.home() / "prefect")
    files = [
        file for file in _files(Path(given) if given else prefect / "storage") if file.name.startswith("driftloop-")
    ]
    yield from _remove("result", files, kept, dry_run)


def _predictions(project: Project, ledger: Ledger, dry_run: bool) -> Iterator[Removal]:
    kept = project.retention.predictions
    old = list(_older(prediction_log.written(project), kept))
    needed = needed_from(project, ledger) if old else None
    if needed is not None:
        free = [file for file in old if prediction_log.ends_before(file, needed)]
        yield from _remove("prediction", free, kept, dry_run)


def _older(files: Iterable[Path], kept: timedelta) -> Iterator[Path]:
    for file in files:
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > kept.total_seconds():
                yield file


def needed_from(project: Project, ledger: Ledger) -> datetime | None:
    """Return the time from which rows may still need their logged predictions; None if all may.

    The newest check and its labeled rows, of which labels may still come; the windows of open requests; the references
    of the champion and of the version before it. Without a check all rows wait for one.
    """
    checks = ledger.checks(project.model, 1)
    if not checks:
        return None
    needed = [checks[0].window.start - project.columns.label_delay - project.windows.current]
    needed += [checks[0].performance.window.start] if checks[0].performance else []
    for request in ledger.open_requests(project.model):
        needed.append(request.window.start)
        needed += [request.check.window.start] if request.check else []
    for alias in (registry.CHAMPION, registry.PREVIOUS):
        version = registry.aliased(project.model, alias)
        needed += [registry.reference(version).window.start] if version is not None else []
    return min(needed)


def _runs(project: Project, ledger: Ledger, dry_run: bool) -> Iterator[Removal]:
    now = time.time()
    begun = int((now - project.retention.runs.total_seconds()) * 1000)
    client = registry.client()
    found = client.search_runs(
        [registry.experiment(project.model)], f"attributes.start_time < {begun}", max_results=MOST_RUNS
    )
    old = [run for run in found if run.data.tags.get("driftloop.kind") in KINDS and run.info.status != "RUNNING"]
    needed, deleted = _needed_runs(project, ledger) if old else set(), list[str]()
    for run in old:
        if run.info.run_id in needed:
            continue
        if not dry_run:
            client.delete_run(run.info.run_id)
            deleted.append(run.info.run_id)
        age = (now - run.info.start_time / 1000) / DAY.total_seconds()
        yield Removal(kind="run", name=run.info.run_id, age_days=round(age, 1))
    erase_runs(deleted)


def _versions(project: Project, ledger: Ledger, dry_run: bool) -> Iterator[Removal]:
    """Remove models of the history that the archive does not keep, with their runs and files, unless one has served."""
    most, model, now = project.archive.keep, project.model, time.time()
    there = [version for version in registry.versions(model) if version.of_history] if most else []
    unkept = [version for version in there if version.history_rank is None or version.history_rank > most]
    if not unkept:
        return
    known, client, deleted = identities(ledger, model), registry.client(), list[str]()
    moves = ledger.events(model, kinds=MOVES)
    aliased = [registry.aliased(model, alias) for alias in (registry.CHAMPION, registry.PREVIOUS, registry.CHALLENGER)]
    needed = {version.number for version in aliased if version is not None}
    needed |= {request.switch.version for request in ledger.open_requests(model) if request.switch is not None}
    for version in unkept:
        if version.number in needed or any(known.is_about(event, version) for event in moves):
            continue
        run = client.get_run(str(version.run_id))
        if not dry_run:
            client.delete_model_version(model, version.number)
            client.delete_logged_model(version.model_id)
            client.delete_run(run.info.run_id)
            deleted.append(run.info.run_id)
        age = (now - run.info.start_time / 1000) / DAY.total_seconds()
        yield Removal(kind="version", name=f"{model} version {version.number}", age_days=round(age, 1))
    erase_runs(deleted)


def _needed_runs(project: Project, ledger: Ledger) -> set[str]:
    """Return the runs of versions with those of the checks that led to them, and those of open requests."""
    needed = set[str]()
    for version in registry.versions(project.model):
        if version.run_id:
            needed.add(version.run_id)
            with suppress(Exception):  # a run that a user has deleted has no parent to keep
                needed.add(registry.client().get_run(version.run_id).data.tags.get("mlflow.parentRunId", ""))
    for request in ledger.open_requests(project.model):
        needed |= {str(request.parent_run_id), str(request.check.mlflow_run_id if request.check else None)}
    return needed


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []


def _remove(
    kind: Literal["report", "snapshot", "result", "prediction"], files: Iterable[Path], kept: timedelta, dry_run: bool
) -> Iterator[Removal]:
    now, place = time.time(), home.home()
    for file in files:
        try:
            stat = file.stat()
            if now - stat.st_mtime <= kept.total_seconds():
                continue
            if not dry_run:
                file.unlink()
        except FileNotFoundError:
            continue  # another process was faster
        age = round((now - stat.st_mtime) / DAY.total_seconds(), 1)
        name = str(file.relative_to(place)) if file.is_relative_to(place) else str(file)
        yield Removal(kind=kind, name=name, age_days=age, bytes=stat.st_size)
