"""Is all well? The versions of the parts, the stores, and what dead processes left: found, mended where it is safe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.ledger.tables import FORMAT
from driftloop.monitoring.records import Moment, Record
from driftloop.pipelines import registry
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.requests import dead_runs
from driftloop.pipelines.runtime import home

State = Literal["ok", "mended", "note", "wrong"]


class Found(Record):
    """One thing that was looked at. `wrong` needs a person; `note` is worth knowing."""

    what: str
    state: State
    said: str


def examine(now: Moment) -> list[Found]:
    """Look at everything, end runs of dead processes and heal champions. Prefect must be ready."""
    found = [*parts(known_good())]
    try:
        with closing(Ledger(home.ledger_url())) as ledger:
            found.append(Found(what="ledger", state="ok", said=f"{ledger.where} opens, format {FORMAT}"))
            found += _stores()
            found += _runs(ledger)
            known = ledger.models()
            for model in known:
                found += _model(ledger, model, now)
            found += _unknown(known)
    except DriftloopError as error:
        found.append(Found(what="ledger", state="wrong", said=str(error)))
    return found


def known_good() -> dict[str, str]:
    """The exact versions that the tests ran with, where the source tree is at hand; else nothing."""
    file = Path(__file__).parents[2] / "constraints.txt"
    lines = file.read_text().splitlines() if file.is_file() else []
    pins = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.strip().lower(): pin.split(";")[0].strip() for name, pin in pins}


def parts(good: dict[str, str]) -> Iterator[Found]:
    """Each part that driftloop needs, held against its bounds and against the versions that were tested."""
    from packaging.requirements import Requirement

    wrong, other = [], []
    for text in requires("driftloop") or []:
        needed = Requirement(text)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            there = version(needed.name)
        except PackageNotFoundError:
            wrong.append(f"{needed.name} is not installed, expected {needed.specifier or 'any version'}")
            continue
        if not needed.specifier.contains(there, prereleases=True):
            wrong.append(f"{needed.name} {there}, expected {needed.specifier}")
        elif good.get(needed.name.lower(), there) != there:
            other.append(f"{needed.name} {there} (tested: {good[needed.name.lower()]})")
    for said in wrong:
        yield Found(what="parts", state="wrong", said=f"{said}; install with constraints.txt")
    if other:
        yield Found(what="parts", state="note", said=f"not the tested versions: {', '.join(other)}")
    if not wrong and not other:
        yield Found(what="parts", state="ok", said="all within their bounds" + (", as tested" if good else ""))


def _stores() -> Iterator[Found]:
    """One read from MLflow and one from Prefect: the reads that broken versions of their parts break."""
    try:
        names = [one.name for one in registry.client().search_registered_models(max_results=1000)]
        yield Found(what="mlflow", state="ok", said=f"answers, {len(names)} registered models")
    except Exception as error:
        yield Found(what="mlflow", state="wrong", said=f"{type(error).__name__}: {error}")
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as client:
            client.read_flow_runs(limit=1)
        yield Found(what="prefect", state="ok", said="answers")
    except Exception as error:
        yield Found(what="prefect", state="wrong", said=f"{type(error).__name__}: {error}")


def _runs(ledger: Ledger) -> Iterator[Found]:
    try:
        ended = dead_runs.end_dead_runs(ledger)
    except Exception as error:
        yield Found(what="runs", state="wrong", said=f"{type(error).__name__}: {error}")
        return
    for one in ended:
        yield Found(what="runs", state="mended", said=f"{one.where} run {one.name} was ended: {one.owner} is gone")
    if not ended:
        yield Found(what="runs", state="ok", said="none was left RUNNING by a dead process")


def _model(ledger: Ledger, model: str, now: Moment) -> Iterator[Found]:
    left = [one for one in ledger.open_requests(model) if ledger.busy(f"request/{one.request_id}") is None]
    for request in left:
        said = f"request {request.request_id} was left without an end: the next check carries it on, or the sweep"
        yield Found(what=model, state="note", said=said)
    try:
        # With a request open, a champion that looks moved by hand may be a promotion that broke off.
        healed = None if left else promotion.restore(ledger, model, now)
        champion = registry.aliased(model, registry.CHAMPION)
        if champion is not None:
            registry.verify(champion)
            promotion.proven(ledger, champion)
    except DriftloopError as error:
        yield Found(what=model, state="wrong", said=str(error))
        return
    if healed is not None:
        yield Found(what=model, state="mended", said=healed)
    missing = promotion.lost(ledger, model)
    if missing is not None:
        said = (
            f"{missing}; restore MLflow's database and files from a backup, or the next check trains a first champion"
        )
        yield Found(what=model, state="wrong", said=said)
        return
    serves = f"version {champion.number} serves, every file as registered" if champion else "no champion yet"
    yield Found(what=model, state="ok" if champion else "note", said=serves)


def _unknown(known: list[str]) -> Iterator[Found]:
    """Champions in MLflow of which the ledger has no entry. On a shared server they may be those of another ledger."""
    try:
        names = [one.name for one in registry.client().search_registered_models(max_results=1000)]
        champions = [registry.aliased(name, registry.CHAMPION) for name in names if name not in known]
    except Exception:
        # What MLflow answers is reported above.
        return
    shared = os.environ["MLFLOW_TRACKING_URI"] != home.sqlite_url(home.home() / "mlflow.db")
    for champion in champions:
        if champion is not None and "driftloop.request_id" in champion.tags:
            said = (
                f"version {champion.number} serves in MLflow, and the ledger has no entry of this model: the ledger is "
                "new, or it was lost with the history; restore it from a backup, or the next check begins a new history"
            )
            yield Found(what=champion.model, state="note" if shared else "wrong", said=said)
