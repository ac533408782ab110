"""What to train on, chosen by probes: a span of the history, or an earlier champion as it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from driftloop.monitoring import sources
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.windows import within
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Canonical
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.gate import Verdict
from driftloop.pipelines.registry import Version, contents, evidence
from driftloop.pipelines.training.candidates import PLAIN, Candidate, candidates, halves, parts_of, pick, used
from driftloop.pipelines.training.probe import fit_probe
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.split import unseen
from driftloop.pipelines.training.steps import Parts, divide, learn, losses

LEAST_ROWS = 30
THREADS = 2
# Earlier champions that are tried, the newest first.
ARCHIVED = 3
OLD, FULL = "version_", "_in_full"


@dataclass(frozen=True)
class Chosen:
    """What a training goes on with: rows and their parts, or a version to be judged as it stands; and why."""

    rows: Canonical
    parts: Parts
    why: str | None = None
    version: Version | None = None

    def explained(self, verdict: Verdict) -> Verdict:
        """The gate's word, after what was chosen and why."""
        return changed(verdict, reason=f"{self.why}; {verdict.reason}") if self.why else verdict


@task(name="choose what to train on", cache_policy=NO_CACHE)
def choose(config: Project, window: Window, against: Version | None, run_id: str) -> Chosen:
    """Take the best of the last W, 2W, all rows, the most similar season, by probes, and of earlier champions.

    The held-out rows are cut in two: the older half chooses, the newer one is left to the gate, so that the choice has
    no say in the proof. A tie keeps the last W, and so do too few rows to choose by. An earlier version that is better
    than the best probe has to be better than a model of full size on the same span as well, or size alone would win.
    """
    whole = read_with(config, Window(start=_begin(config, window), end=window.end), against)
    frame, time = whole.frame, config.columns.time
    plain = divide(config, within(frame, time, window), window)
    judged, gate = halves(plain.holdout, time)
    if len(judged) < LEAST_ROWS:
        rows = Canonical(within(frame, time, window), whole.source_types)
        return Chosen(rows, plain, f"{len(judged)} rows to choose by, {LEAST_ROWS} needed: trained as without choice")
    spans = {span.name: span for span in candidates(config, frame, window, judged)}
    old = {f"{OLD}{one.number}": one for one in _archived(config, against, plain.holdout)}
    best, why = _best(config, frame, judged, spans, old, run_id)
    get_run_logger().info("%s", why)
    if best in old:
        known = registry.reference(old[best])
        return Chosen(
            Canonical(frame, whole.source_types),
            Parts(as_known(plain.train, known), as_known(gate, known)),
            why,
            old[best],
        )
    rows = Canonical(used(spans[best], frame, time, plain.holdout[time].iloc[0].to_pydatetime()), whole.source_types)
    return Chosen(rows, parts_of(spans[best], frame, gate, config), why)


def _best(
    config: Project,
    frame: pd.DataFrame,
    judged: pd.DataFrame,
    spans: Mapping[str, Candidate],
    old: Mapping[str, Version],
    run_id: str,
) -> tuple[str, str]:
    """The name of the best span or old version, and one sentence why; all losses go into the training's run."""
    columns = config.columns
    newest = judged[columns.time].iloc[0].to_pydatetime() - columns.label_delay
    labelled = frame[frame[columns.target].notna()]
    rows = {name: span.rows(labelled, columns.time, newest) for name, span in spans.items()}
    probes = {name: _fitted(fit_probe, config, train, judged) for name, train in rows.items()}
    stand = {name: _as_it_stands(config, version, judged) for name, version in old.items()}
    found = _side_by_side(config, probes | stand, run_id)
    told = {span.name: span.told for span in spans.values()} | {name: f"version {v.number}" for name, v in old.items()}
    best = pick({name: found[name] for name in spans})
    rival = pick({name: found[name] for name in (best, *old)})
    if rival in old:
        full = f"{best}{FULL}"
        told[full] = f"a model trained on {told[best]}"
        whole = {full: _fitted(partial(learn, params={}), config, rows[best], judged)}
        found |= _side_by_side(config, whole, run_id)
        best = rival if pick({name: found[name] for name in (full, rival)}) == rival else best
    evidence.log_numbers(run_id, {f"candidate_{name}": loss for name, loss in found.items() if loss is not None})
    return best, in_words(best, found, told)


def _side_by_side(config: Project, tries: Mapping[str, Callable[[], float]], run_id: str) -> dict[str, float | None]:
    """Measure candidates as concurrent tasks."""
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=THREADS)
    with runner:
        futures = {
            name: runner.submit(candidate, {"config": config, "name": name, "measure": measure, "parent": run_id})
            for name, measure in tries.items()
        }
        return {name: future.result() for name, future in futures.items()}


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
    evidence.log_numbers(run_id, {"loss": loss}, {"candidate": name})
    evidence.close_run(run_id)
    return loss


def in_words(best: str, losses: Mapping[str, float | None], told: Mapping[str, str]) -> str:
    """One sentence for the request: what was taken, and by what. An earlier version stands beside the full model.

    >>> told = {"last_w": "the last 28d", "last_2w": "the last 56d", "version_3": "version 3"}
    >>> in_words("last_2w", {"last_w": 3.4, "last_2w": 3.1}, told)
    'trained on the last 56d: probe loss 3.1 against 3.4 of the last 28d'
    >>> in_words("last_w", {"last_w": 3.4, "last_2w": 3.5, "version_3": 4.0}, told)
    'trained on the last 28d: probe loss 3.4 against 3.5 of the last 56d'
    >>> told["last_w_in_full"] = "a model trained on the last 28d"
    >>> in_words("version_3", {"last_w": 3.4, "version_3": 3.1, "last_w_in_full": 3.3}, told)
    'version 3 brought back as it is: loss 3.1 against 3.3 of a model trained on the last 28d'
    """
    known = {name: loss for name, loss in losses.items() if loss is not None}
    if best not in known:
        return f"trained on {told[best]}: no candidate could be probed"
    archived = best.startswith(OLD)
    said = f"{told[best]} brought back as it is: loss" if archived else f"trained on {told[best]}: probe loss"
    others = {
        n: loss for n, loss in known.items() if n != best and n.endswith(FULL) == archived and not n.startswith(OLD)
    }
    rival = PLAIN if PLAIN in others else min(others, key=lambda name: others[name], default=None)
    return f"{said} {known[best]:.4g}" + (f" against {others[rival]:.4g} of {told[rival]}" if rival else "")


def _begin(config: Project, window: Window) -> datetime:
    """Where the history begins."""
    there = sources.span(config.source, config.reading, config.folder)
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


def _fitted(
    how: Callable[..., Scorer], config: Project, train: pd.DataFrame, judged: pd.DataFrame
) -> Callable[[], float]:
    return lambda: float(losses(config, how(config, train), judged).mean())


def _as_it_stands(config: Project, version: Version, judged: pd.DataFrame) -> Callable[[], float]:
    return lambda: float(contents.losses_of(config, version, judged).mean())
