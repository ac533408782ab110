"""What to train on, chosen by probes: a span of the history, or an earlier champion as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from monitoring import sources
from monitoring.errors import DriftloopError
from monitoring.records import Window
from pipelines import evidence, registry
from pipelines.as_trained import as_known
from pipelines.config import Project
from pipelines.fresh import Fresh
from pipelines.reading import read_with
from pipelines.registry import Version
from pipelines.training.candidates import PLAIN, candidates, halves, parts_of, pick, used
from pipelines.training.gate import Verdict
from pipelines.training.probe import fewer_trees, fit_probe
from pipelines.training.split import unseen
from pipelines.training.steps import Parts, divide, losses

LEAST_ROWS = 30
THREADS = 2
# Earlier champions that are tried, the newest first.
ARCHIVED = 3


@dataclass(frozen=True)
class Chosen:
    """What a training goes on with: rows and their parts, or a version to be judged as it stands; and why."""

    rows: Fresh
    parts: Parts
    why: str | None = None
    version: Version | None = None

    def explained(self, verdict: Verdict) -> Verdict:
        """The gate's word, after what was chosen and why."""
        return verdict.model_copy(update={"reason": f"{self.why}; {verdict.reason}"}) if self.why else verdict


@task(name="choose what to train on", cache_policy=NO_CACHE)
def choose(config: Project, window: Window, against: Version | None, handicap: float, run_id: str) -> Chosen:
    """Probe the last W, 2W, all rows, the most similar season and earlier champions on the same rows; take the best.

    The held-out rows are cut in two: the older half chooses, the newer one is left to the gate, so that the choice has
    no say in the proof. Probes carry a handicap that a champion of full size does not have: it is taken off. A tie
    keeps the last W, and so do too few rows to choose by.
    """
    whole = read_with(config, Window(start=_begin(config, window), end=window.end), against)
    frame, time = whole.frame, config.columns.time
    plain = divide(config, whole.within(window, time), window)
    judged, gate = halves(plain.holdout, time)
    if len(judged) < LEAST_ROWS:
        rows = replace(whole, frame=whole.within(window, time))
        return Chosen(rows, plain, f"{len(judged)} rows to choose by, {LEAST_ROWS} needed: trained as without choice")
    labelled = frame[frame[config.columns.target].notna()]
    newest = judged[time].iloc[0].to_pydatetime() - config.columns.label_delay
    spans = candidates(config, frame, window, judged)
    tries: list[tuple[str, Callable[[], float]]] = [
        (span.name, _probed(config, span.rows(labelled, time, newest), judged, handicap)) for span in spans
    ]
    archived = {f"version_{one.number}": one for one in _archived(config, against, plain.holdout)}
    tries += [(name, _as_it_stands(config, one, judged)) for name, one in archived.items()]
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=THREADS)
    with runner:
        futures = {
            name: runner.submit(candidate, {"config": config, "name": name, "measure": measure, "parent": run_id})
            for name, measure in tries
        }
        found = {name: future.result() for name, future in futures.items()}
    evidence.log_numbers(run_id, {f"candidate_{name}": loss for name, loss in found.items() if loss is not None})
    told = {span.name: span.told for span in spans} | {name: f"version {v.number}" for name, v in archived.items()}
    best = pick(found)
    why = in_words(best, found, told)
    get_run_logger().info("%s", why)
    if best in archived:
        version = archived[best]
        known = registry.reference(version)
        return Chosen(whole, Parts(as_known(plain.train, known), as_known(gate, known)), why, version)
    span = next(span for span in spans if span.name == best)
    rows = replace(whole, frame=used(span, frame, time, plain.holdout[time].iloc[0].to_pydatetime()))
    return Chosen(rows, parts_of(span, frame, gate, config), why)


@task(name="candidate", task_run_name="candidate {name}", cache_policy=NO_CACHE)
def candidate(config: Project, name: str, measure: Callable[[], float], parent: str) -> float | None:
    """The mean loss of one candidate, in a nested MLflow run; None, and why in the run, if it cannot be measured."""
    tags = {"driftloop.kind": "candidate", "driftloop.model": config.model, "driftloop.candidate": name}
    run_id = evidence.open_run(config.model, f"candidate {name}", parent=parent, tags=tags)
    try:
        loss = measure()
    except Exception as error:
        # One that cannot be trained is no candidate. Where all fail, the training itself says why.
        get_run_logger().warning("%s: %s: %s", name, type(error).__name__, error)
        evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        return None
    evidence.log_numbers(run_id, {"loss": loss}, {"candidate": name, **fewer_trees(config.training)})
    evidence.close_run(run_id)
    return loss


def in_words(best: str, losses: dict[str, float | None], told: dict[str, str]) -> str:
    """One sentence for the request: what was taken, and by what.

    >>> told = {"last_w": "the last 28d", "last_2w": "the last 56d", "version_3": "version 3"}
    >>> in_words("last_2w", {"last_w": 3.4, "last_2w": 3.1}, told)
    'trained on the last 56d: probe loss 3.1 against 3.4 of the last 28d'
    >>> in_words("last_w", {"last_w": 3.4, "last_2w": 3.5, "version_3": 4.0}, told)
    'trained on the last 28d: probe loss 3.4 against 3.5 of the last 56d'
    >>> in_words("version_3", {"last_w": 3.4, "version_3": 3.1}, told)
    'version 3 brought back as it is: loss 3.1 against the probe loss 3.4 of the last 28d'
    """
    known = {name: loss for name, loss in losses.items() if loss is not None}
    others = {name: loss for name, loss in known.items() if name != best}
    rival = PLAIN if best != PLAIN and PLAIN in others else min(others, key=lambda name: others[name], default=None)
    if best not in known:
        return f"trained on {told[best]}: no candidate could be probed"
    archived = best.startswith("version_")
    said = f"{told[best]} brought back as it is: loss" if archived else f"trained on {told[best]}: probe loss"
    against = f" against {'the probe loss ' if archived else ''}{others[rival]:.4g} of {told[rival]}" if rival else ""
    return f"{said} {known[best]:.4g}{against}"


def _begin(config: Project, window: Window) -> datetime:
    """Where the history begins."""
    there = sources.span(config.source, config.columns, config.folder)
    return min(there.start.astimezone(UTC), window.start) if there else window.start


def _archived(config: Project, against: Version | None, held_out: pd.DataFrame) -> list[Version]:
    """Earlier versions of the same target that have not learned from any row that they would be judged on."""
    found: list[Version] = []
    for version in registry.versions(config.model) if against is not None else ():
        # A version that was brought back is the same model under another number.
        known = {against.model_id, *(one.model_id for one in found)} if against is not None else set()
        seen = len(unseen(held_out, config.columns.time, version.trained_on)) < len(held_out)
        if version.model_id in known or seen or "driftloop.rejected" in version.tags or not _fits(config, version):
            continue
        found.append(version)
        if len(found) == ARCHIVED:
            break
    return found


def _fits(config: Project, version: Version) -> bool:
    """Whether a version predicts what the config asks for. One that others made, or changed, is left alone."""
    try:
        theirs = [(one.name, one.kind) for one in registry.reference(version).of_role("target")]
    except DriftloopError as error:
        get_run_logger().warning("version %s is no candidate: %s", version.number, error.found)
        return False
    return theirs == [(config.columns.target, config.kind(config.columns.target))]


def _probed(config: Project, train: pd.DataFrame, judged: pd.DataFrame, handicap: float) -> Callable[[], float]:
    return lambda: float(losses(config, fit_probe(config, train), judged).mean()) - handicap


def _as_it_stands(config: Project, version: Version, judged: pd.DataFrame) -> Callable[[], float]:
    def measure() -> float:
        scorer = registry.scorer(version, config.training)
        return float(losses(config, scorer, as_known(judged, registry.reference(version))).mean())

    return measure
