"""Diagnosis: versions of dependencies, stores, orphaned runs and champions; repairs what is safe to repair."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import Ledger, Request, members
from driftloop.monitoring.ledger.tables import FORMAT
from driftloop.monitoring.records import Moment, Record
from driftloop.pipelines import registry
from driftloop.pipelines.notify import delivered
from driftloop.pipelines.operations import services
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.runtime import home

State = Literal["ok", "repaired", "note", "wrong"]


class Diagnosis(Record):
    """Result of one examination. `wrong` needs a user; `note` is worth knowing."""

    what: str
    state: State
    message: str


def examine(now: Moment) -> list[Diagnosis]:
    """Examine everything, close orphaned runs and restore missing champions. Prefect must be ready."""
    results = [*dependencies(known_good())]
    try:
        with closing(Ledger(home.ledger_url())) as ledger:
            results.append(Diagnosis(what="ledger", state="ok", message=f"{ledger.where} opens, format {FORMAT}"))
            results += _stores()
            results += _runs(ledger)
            models = ledger.models()
            results += _services(ledger)
            for model in models:
                results += _model(ledger, model, now)
                results += _notifications(ledger, model)
            results += _unrecorded(models)
    except DriftloopError as error:
        results.append(Diagnosis(what="ledger", state="wrong", message=str(error)))
    return results


def known_good() -> dict[str, str]:
    """Return the exact versions that the tests ran with, in a source tree; otherwise nothing."""
    file = Path(__file__).parents[2] / "constraints.txt"
    lines = file.read_text().splitlines() if file.is_file() else []
    pins = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.strip().lower(): pin.split(";")[0].strip() for name, pin in pins}


def dependencies(good: dict[str, str]) -> Iterator[Diagnosis]:
    """Compare each dependency with its version bounds and with the tested versions."""
    from packaging.requirements import Requirement

    wrong, other = [], []
    for text in requires("driftloop") or []:
        needed = Requirement(text)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(needed.name)
        except PackageNotFoundError:
            wrong.append(f"{needed.name} is not installed, expected {needed.specifier or 'any version'}")
            continue
        if not needed.specifier.contains(installed, prereleases=True):
            wrong.append(f"{needed.name} {installed}, expected {needed.specifier}")
        elif good.get(needed.name.lower(), installed) != installed:
            other.append(f"{needed.name} {installed} (tested: {good[needed.name.lower()]})")
    for problem in wrong:
        fix = "install the tested versions: pip install -c constraints.txt"
        yield Diagnosis(what="dependencies", state="wrong", message=f"{problem}; {fix}")
    if other:
        yield Diagnosis(
            what="dependencies", state="note", message=f"different from the tested versions: {', '.join(other)}"
        )
    if not wrong and not other:
        yield Diagnosis(
            what="dependencies",
            state="ok",
            message="all versions within their bounds" + (", as tested" if good else ""),
        )


def _stores() -> Iterator[Diagnosis]:
    """Read once from MLflow and once from Prefect, with the reads that incompatible dependencies break."""
    try:
        names = [model.name for model in registry.client().search_registered_models(max_results=1000)]
        yield Diagnosis(what="mlflow", state="ok", message=f"reachable, {len(names)} registered models")
    except Exception as error:
        yield Diagnosis(what="mlflow", state="wrong", message=f"{type(error).__name__}: {error}")
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as client:
            client.read_flow_runs(limit=1)
        yield Diagnosis(what="prefect", state="ok", message="reachable")
    except Exception as error:
        yield Diagnosis(what="prefect", state="wrong", message=f"{type(error).__name__}: {error}")


def _runs(ledger: Ledger) -> Iterator[Diagnosis]:
    try:
        ended = dead_runs.end_dead_runs(ledger)
    except Exception as error:
        yield Diagnosis(what="runs", state="wrong", message=f"{type(error).__name__}: {error}")
        return
    for run in ended:
        message = f"{run.where} run {run.name} was closed: its process {run.owner} has ended"
        yield Diagnosis(what="runs", state="repaired", message=message)
    if not ended:
        yield Diagnosis(what="runs", state="ok", message="no orphaned runs")


def _services(ledger: Ledger) -> Iterator[Diagnosis]:
    """Report the running services, and what does not fit together between them; nothing if none runs."""
    view = members.view(ledger)
    if view.members:
        yield Diagnosis(what="services", state="ok", message=services.running(view))
    for problem in services.problems(view):
        yield Diagnosis(what="services", state="wrong", message=problem)


def _model(ledger: Ledger, model: str, now: Moment) -> Iterator[Diagnosis]:
    interrupted = [request for request in ledger.open_requests(model) if _is_unclaimed(ledger, request)]
    for request in interrupted:
        message = f"request {request.request_id} was interrupted: the next check, or the sweep, resumes it"
        yield Diagnosis(what=model, state="note", message=message)
    try:
        # With a request open, a champion that seems to be set manually may be an interrupted promotion.
        restored = None if interrupted else promotion.restore(ledger, model, now)
        champion = registry.aliased(model, registry.CHAMPION)
        if champion is not None:
            registry.verify(champion)
            promotion.verify_identity(ledger, champion)
    except DriftloopError as error:
        yield Diagnosis(what=model, state="wrong", message=str(error))
        return
    if restored is not None:
        yield Diagnosis(what=model, state="repaired", message=restored)
    missing = promotion.lost(ledger, model)
    if missing is not None:
        fix = "restore MLflow's database and files from a backup, or let the next check train a first champion"
        yield Diagnosis(what=model, state="wrong", message=f"{missing}; {fix}")
        return
    serves = f"version {champion.number} is champion, all files as registered" if champion else "no champion yet"
    yield Diagnosis(what=model, state="ok" if champion else "note", message=serves)


def _notifications(ledger: Ledger, model: str) -> Iterator[Diagnosis]:
    """Report the last delivery to each URL of the notifications of a model."""
    for delivery in delivered.last(ledger.events(model, kinds=delivered.KINDS, most=200)):
        state: State = "ok" if delivery.reason is None else "note"
        yield Diagnosis(what=model, state=state, message=str(delivery))


def _is_unclaimed(ledger: Ledger, request: Request) -> bool:
    return ledger.busy(f"request/{request.request_id}") is None


def _unrecorded(known: list[str]) -> Iterator[Diagnosis]:
    """Report champions in MLflow without an entry in the ledger. On a shared server they may be of another ledger."""
    try:
        names = [model.name for model in registry.client().search_registered_models(max_results=1000)]
        champions = [registry.aliased(name, registry.CHAMPION) for name in names if name not in known]
    except Exception:
        # Errors of MLflow are reported above.
        return
    shared = os.environ["MLFLOW_TRACKING_URI"] != home.sqlite_url(home.home() / "mlflow.db")
    for champion in champions:
        if champion is not None and "driftloop.request_id" in champion.tags:
            message = (
                f"version {champion.number} is champion in MLflow, but the ledger has no entry of this model: the "
                "ledger is new, or was lost with its history; restore it from a backup, or let the next check start a "
                "new history"
            )
            yield Diagnosis(what=champion.model, state="note" if shared else "wrong", message=message)
