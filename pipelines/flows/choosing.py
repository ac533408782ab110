"""Choice of the training rows by probes: a span of the history, or an earlier champion without training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from driftloop.monitoring import sources
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.records.figures import figure
from driftloop.monitoring.rows.weights import labelled
from driftloop.monitoring.windows import within
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.data.no_rows import refuse_no_rows
from driftloop.pipelines.data.selection import MOST_COMPARED, sampled
from driftloop.pipelines.flows import training_rows
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.gate import Verdict
from driftloop.pipelines.registry import Version, contents, evidence
from driftloop.pipelines.requests.work import Work
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
    """Chosen rows and their parts, or an earlier version to judge without training; and the reason."""

    rows: Canonical
    parts: Parts
    why: str | None = None
    version: Version | None = None

    def after(self, tried: str | None) -> Chosen:
        """Return the choice with what was tried before it in front of its reason."""
        return replace(self, why="; ".join(filter(None, (tried, self.why)))) if tried else self

    def explained(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the choice and its reason in front."""
        return changed(verdict, reason=f"{self.why}; {verdict.reason}") if self.why else verdict


def rows_for(work: Work, against: Version | None, run_id: str) -> Chosen:
    """Return the rows of the request's window, or the rows that probes choose instead."""
    config, window = work.config, work.request.window
    if isinstance(config.training.window, ChosenSpan):
        return choose(config, window, against, run_id, work.request.now)
    rows, parts = training_rows.read_parts(config, window, against, work.request.now)
    return Chosen(rows, parts)


@step(name="choose what to train on", cache_policy=NO_CACHE)
def choose(config: Project, window: Window, against: Version | None, run_id: str, now: datetime) -> Chosen:
    """Choose the best of the last W, 2W, all rows, the most similar season, by probes, and of earlier champions.

    The held-out rows are cut in two: the older half decides the choice, the newer half is kept for the gate, so that
    the choice does not bias the gate. The last W is kept at a tie, or with too few rows to choose by. An earlier
    version that is better than the best probe must also be better than a full-size model on the same span, because
    its size alone is an advantage.
    """
    whole = read_with(config, Window(start=_begin(config, window), end=window.end), against, now)
    seed, time = config.training.seed, config.columns.time
    drawn = sampled(whole, config.training.max_rows or MOST_COMPARED, seed)
    frame, note = drawn.frame, drawn.note(seed)
    if note:
        get_run_logger().info("choosing what to train on: %s", note)
    base = within(frame, time, window)
    refuse_no_rows(config, len(base), window)
    plain = divide(config, base, window)
    judged, gate = halves(plain.holdout, time)
    if len(judged) < LEAST_ROWS:
        rows = Canonical(within(frame, time, window), whole.source_types)
        reason = f"{len(judged)} rows to choose a window by, {LEAST_ROWS} needed: trained on the last window"
        return Chosen(rows, plain, reason)
    spans = {span.name: span for span in candidates(config, frame, window, judged)}
    old = {f"{OLD}{version.number}": version for version in _archived(config, against, plain.holdout)}
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
    """Return the name of the best span or old version, and the reason; log all losses to the training run."""
    columns = config.columns
    newest = judged[columns.time].iloc[0].to_pydatetime() - columns.label_delay
    known = frame[labelled(frame, columns)]
    rows = {name: span.rows(known, columns.time, newest) for name, span in spans.items()}
    probes = {name: _fitted(fit_probe, config, train, judged) for name, train in rows.items()}
    versions = {name: _unchanged(config, version, judged) for name, version in old.items()}
    scores = _measure(config, probes | versions, run_id)
    titles = {span.name: span.title for span in spans.values()}
    titles |= {name: f"version {version.number}" for name, version in old.items()}
    best = pick({name: scores[name] for name in spans})
    rival = pick({name: scores[name] for name in (best, *old)})
    if rival in old:
        full = f"{best}{FULL}"
        titles[full] = f"a model trained on {titles[best]}"
        whole = {full: _fitted(partial(learn, params={}), config, rows[best], judged)}
        scores |= _measure(config, whole, run_id)
        best = rival if pick({name: scores[name] for name in (full, rival)}) == rival else best
    evidence.log_numbers(run_id, {f"candidate_{name}": loss for name, loss in scores.items() if loss is not None})
    return best, describe(best, scores, titles)


def _measure(config: Project, tries: Mapping[str, Callable[[], float]], run_id: str) -> dict[str, float | None]:
    """Measure candidates as concurrent tasks."""
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=THREADS)
    with runner:
        futures = {
            name: runner.submit(candidate, {"config": config, "name": name, "measure": measure, "parent": run_id})
            for name, measure in tries.items()
        }
        return {name: future.result() for name, future in futures.items()}


@step(name="candidate", task_run_name="candidate {name}", cache_policy=NO_CACHE)
def candidate(config: Project, name: str, measure: Callable[[], float], parent: str) -> float | None:
    """Return the mean loss of one candidate, logged to a nested MLflow run; None if it fails, with the error there."""
    tags = {"driftloop.kind": "candidate", "driftloop.model": config.model, "driftloop.candidate": name}
    run_id = evidence.open_run(config.model, f"candidate {name}", parent=parent, tags=tags)
    try:
        loss = measure()
    except Exception as error:
        # A failed candidate is skipped. If all fail, the training run itself reports why.
        get_run_logger().warning("%s: %s: %s", name, type(error).__name__, error)
        evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        return None
    evidence.log_numbers(run_id, {"loss": loss}, {"candidate": name})
    evidence.close_run(run_id)
    return loss


def describe(best: str, losses: Mapping[str, float | None], titles: Mapping[str, str]) -> str:
    """Return one sentence for the request: the choice, and its loss compared with the best alternative.

    >>> titles = {"last_w": "the last 28d", "last_2w": "the last 56d", "version_3": "version 3"}
    >>> describe("last_2w", {"last_w": 3.4, "last_2w": 3.1}, titles)
    'trained on the last 56d: probe loss 3.1, compared with 3.4 of the last 28d'
    >>> describe("last_w", {"last_w": 3.4, "last_2w": 3.5, "version_3": 4.0}, titles)
    'trained on the last 28d: probe loss 3.4, compared with 3.5 of the last 56d'
    >>> titles["last_w_in_full"] = "a model trained on the last 28d"
    >>> describe("version_3", {"last_w": 3.4, "version_3": 3.1, "last_w_in_full": 3.3}, titles)
    'version 3 is reused without training: loss 3.1, compared with 3.3 of a model trained on the last 28d'
    """
    known = {name: loss for name, loss in losses.items() if loss is not None}
    if best not in known:
        return f"trained on {titles[best]}: no alternative could be probed"
    archived = best.startswith(OLD)
    text = f"{titles[best]} is reused without training: loss" if archived else f"trained on {titles[best]}: probe loss"
    others = {
        n: loss for n, loss in known.items() if n != best and n.endswith(FULL) == archived and not n.startswith(OLD)
    }
    rival = PLAIN if PLAIN in others else min(others, key=lambda name: others[name], default=None)
    compared = f", compared with {figure(others[rival])} of {titles[rival]}" if rival else ""
    return f"{text} {figure(known[best])}{compared}"


def _begin(config: Project, window: Window) -> datetime:
    """Return the start of the history."""
    span = sources.span(config.source, config.reading, config.folder)
    return min(span.start.astimezone(UTC), window.start) if span else window.start


def _archived(config: Project, against: Version | None, held_out: pd.DataFrame) -> list[Version]:
    """Return earlier versions of the same target that were not trained on any row they would be judged on."""
    result: list[Version] = []
    # Models of the history, which a backtest stored, have the newest numbers and come after all others.
    newest_first = (
        sorted(registry.versions(config.model), key=lambda one: one.of_history) if against is not None else ()
    )
    for version in newest_first:
        # A reused version is the same model under another number.
        known = {against.model_id, *(earlier.model_id for earlier in result)} if against is not None else set()
        learned_from = len(unseen(held_out, config.columns.time, version.trained_on)) < len(held_out)
        if (
            version.model_id in known
            or learned_from
            or "driftloop.rejected" in version.tags
            or not _fits(config, version)
        ):
            continue
        result.append(version)
        if len(result) == ARCHIVED:
            break
    return result


def _fits(config: Project, version: Version) -> bool:
    """Return whether a version predicts the config's target. Foreign and changed versions are skipped."""
    try:
        theirs = [(column.name, column.kind) for column in registry.reference(version).of_role("target")]
    except DriftloopError as error:
        get_run_logger().warning("version %s is no candidate: %s", version.number, error.found)
        return False
    return theirs == [(config.columns.target, config.kind(config.columns.target))]


def _fitted(
    how: Callable[..., Scorer], config: Project, train: pd.DataFrame, judged: pd.DataFrame
) -> Callable[[], float]:
    return lambda: float(losses(config, how(config, train), judged).mean())


def _unchanged(config: Project, version: Version, judged: pd.DataFrame) -> Callable[[], float]:
    return lambda: float(contents.losses_of(config, version, judged).mean())
