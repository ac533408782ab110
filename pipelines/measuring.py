"""The measuring steps of a check as Prefect tasks: champion, reference, preflight, predictions, drift, loss, report.

Reads of the reference and scores are cached on content (same rows, same champion, same settings), never on time.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from monitoring import sources
from monitoring.ledger import digest
from monitoring.performance import assess, row_losses
from monitoring.preflight import inspect
from monitoring.profiles import Profiles, like
from monitoring.records import Check, ColumnReference, ColumnScore, Estimate, Finding, Performance, Reference, Window
from monitoring.reference import PREDICTION, prediction_column
from monitoring.verdicts import judge, too_few_blocks
from monitoring.windows import inside, within
from pipelines import own_code, prediction_log, registry
from pipelines.as_trained import as_trained, differences
from pipelines.caching import by_content
from pipelines.config import Project
from pipelines.estimating import estimate_loss
from pipelines.fresh import Fresh
from pipelines.prediction_log import Logged
from pipelines.registry import Version


@dataclass(frozen=True)
class Measurement:
    """What a check has measured. `cached`: nothing was computed, the same rows were scored before."""

    scores: tuple[ColumnScore, ...]
    performance: Performance | None
    estimated: Estimate | None
    labelled_rows: int
    page: str
    cached: bool


@task(name="find champion", retries=2, retry_delay_seconds=[0.5, 2], cache_policy=NO_CACHE)
def find_champion(model: str) -> Version | None:
    """The version behind the alias `champion`, if there is one."""
    return registry.aliased(model, registry.CHAMPION)


@task(name="read reference", persist_result=True, cache_key_fn=by_content)
def read_reference(champion: Version, key: str) -> tuple[Reference, Profiles, pd.DataFrame]:
    """The champion's own reference, artifacts of its version: what it remembers, its profiles, a sample of its rows."""
    from pipelines import versions

    return registry.reference(champion), versions.profiles(champion), registry.reference_rows(champion)


@task(name="preflight", cache_policy=NO_CACHE)
def preflight(
    config: Project, window: Window, fresh: Fresh, reference: Reference, profiles: Profiles, ahead: Window
) -> tuple[Finding, ...]:
    """All findings on the current rows, those of reading included. `ahead` is the span that no row may lie in."""
    current = fresh.within(window, config.columns.time)
    due = current[config.columns.time] < window.end - config.columns.label_delay
    found = inspect(
        current,
        reference,
        as_trained(config, reference),
        source_types=fresh.source_types,
        labels_due=due,
        future_rows=sources.count_rows(config.source, config.columns, ahead, config.folder),
        in_order=fresh.in_order,
    )
    return fresh.findings + differences(config, reference) + too_few_blocks(profiles, config.drift) + found


def measure(
    config: Project,
    champion: Version,
    window: Window,
    labelled: Window,
    fresh: Fresh,
    reference: Reference,
    profiles: Profiles,
    reference_rows: pd.DataFrame,
    aside: frozenset[str],
) -> Measurement:
    """Predict, then score drift and loss, and estimate the loss of what has no labels yet, side by side."""
    logged = find_logged(config, champion, fresh.frame)
    rows = digest(fresh.digest, champion.model_id, logged.digest)
    predicted, classes = predict(config, champion, fresh.frame, logged, key=rows)
    frame = fresh.frame.assign(**{PREDICTION: prediction_column(predicted, classes)})
    judged = tuple(column for column in reference.columns if column.name not in aside)
    current = _current(frame, window, config)
    if current[config.columns.target].notna().sum() == 0:
        judged = tuple(column for column in judged if column.role != "target")
    settings = config.drift.model_dump_json()
    drift_key = digest(rows, window, settings, *(column.model_dump_json() for column in judged))
    drift = measure_drift.submit(config, profiles, reference_rows, current, judged, key=drift_key)
    loss = measure_loss.submit(config, frame, predicted, classes, labelled, reference)
    fresh_rows = inside(fresh.frame[config.columns.time], window)
    estimated = estimate_loss.submit(
        champion, fresh.frame[fresh_rows], predicted[fresh_rows], reference, key=digest(rows, window)
    )
    scores, page = drift.result()
    performance = loss.result()
    return Measurement(
        scores=scores,
        performance=performance,
        estimated=estimated.result(),
        labelled_rows=performance.rows if performance else 0,
        page=zlib.decompress(page).decode(),
        cached=drift.state.name == "Cached",
    )


@task(name="find logged predictions", cache_policy=NO_CACHE)
def find_logged(config: Project, champion: Version, frame: pd.DataFrame) -> Logged:
    """What the champion is on record to have said of these rows: it is not scored again."""
    logged = prediction_log.find(config, champion, frame)
    if logged.known.any():
        get_run_logger().info("%s of %s predictions are in the log", f"{logged.known.sum():,}", f"{len(frame):,}")
    return logged


@task(name="score rows", persist_result=True, cache_key_fn=by_content)
def predict(
    config: Project, champion: Version, frame: pd.DataFrame, logged: Logged, key: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The champion's predictions of all rows, those of the log included, and its classes."""
    own_code.importable(config)
    scorer = registry.scorer(champion, config.training)
    return logged.completed(scorer, frame), scorer.classes


@task(name="measure drift", persist_result=True, cache_key_fn=by_content)
def measure_drift(
    config: Project,
    profiles: Profiles,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: tuple[ColumnReference, ...],
    key: str,
) -> tuple[tuple[ColumnScore, ...], bytes]:
    """A score for every column from all rows, and Evidently's page from a sample of them.

    The page is packed by zlib: it is kept for the next run on the same rows.

    Prefect's own compressing serializer is not used: its settings get lost in the API, and clients cannot read the run.
    """
    from monitoring.report import measure as run_evidently

    known = Profiles(profiles.rows, {column.name: profiles[column.name] for column in columns})
    decided = judge(known, like(known, current), columns, config.drift)
    measured = run_evidently(reference, current, columns, config.drift, decided)
    return measured.scores, zlib.compress(measured.page.encode())


@task(name="measure loss", cache_policy=NO_CACHE)
def measure_loss(
    config: Project,
    frame: pd.DataFrame,
    predicted: np.ndarray,
    classes: tuple[str, ...],
    labelled: Window,
    reference: Reference,
) -> Performance | None:
    """The champion's loss on the newest window whose labels are due; None where no row has one."""
    time, target = frame[config.columns.time], frame[config.columns.target]
    known = inside(time, labelled) & target.notna().to_numpy()
    if not known.any():
        return None
    losses = row_losses(config.loss, target.to_numpy()[known], predicted[known], classes)
    return assess(losses, loss_name=config.loss, window=labelled, reference_loss=reference.loss)


@task(name="save report", cache_policy=NO_CACHE)
def save_report(page: str, check: Check, path: Path) -> None:
    """Evidently's page with our verdict on top."""
    from monitoring.report import write_report

    path.parent.mkdir(parents=True, exist_ok=True)
    write_report(page, check, path)


def _current(frame: pd.DataFrame, window: Window, config: Project) -> pd.DataFrame:
    """The rows of the window, with labels that are not due yet taken out: a replay must not see them."""
    time, target = config.columns.time, config.columns.target
    current = within(frame, time, window)
    due = current[time] < window.end - config.columns.label_delay
    return current.assign(**{target: current[target].where(due, None)})
