"""What the drift of a check is measured against: rows, their window, and the false-alarm rate of the check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pandas as pd

from driftloop.monitoring.drift.cells import with_labels_only
from driftloop.monitoring.drift.reference import PREDICTION, prediction_column, profiled
from driftloop.monitoring.drift.same_period import NO_SAME_PERIOD, same_period, unusable
from driftloop.monitoring.drift.settings import whole
from driftloop.monitoring.drift.verdicts import lead_of
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import Reference, Window
from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.rows.weights import Weighing, as_rows, weights_of
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.registry import Version
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import phases


@dataclass(frozen=True, eq=False)
class Compared:
    """Rows that drift is measured against: profiles of all, a sample for plots, and their window.

    `lead` is the distance from their end to the end of the current window, in windows, 0 for the same period; `rate` is
    the false-alarm rate of the check. Rows of an earlier year have `same_period`, the distance to them, and as
    `key` a digest of them.
    """

    profiles: Profiles
    sample: pd.DataFrame
    window: Window
    lead: float
    rate: float
    same_period: timedelta | None = None
    key: str = ""


def own_reference(run: CheckRun, reference: Reference, profiles: Profiles, sample: pd.DataFrame) -> Compared:
    """Return the champion's reference as what drift is measured against.

    With a promise over a year the false-alarm rate depends on the last judged check of the model.
    """
    settings = run.config.drift
    past = run.ledger.history(run.config.model, run.now, most=1).checks if settings.false_alarms else ()
    rate = settings.rate_after(run.now - past[-1].now if past else None)
    return Compared(profiles, sample, reference.window, lead_of(reference.window, run.window), rate)


def compared_with(run: CheckRun, known: Project, champion: Version, own: Compared) -> Compared:
    """Return what drift is measured against: the same period of an earlier year, or the champion's `own` reference.

    `known` is the config by which the rows of the check were read. Without usable rows of the period a finding reports
    why.
    """
    settings = known.drift
    if settings.reference is None:
        return own
    phases.enter("reading rows of the same period")
    period = settings.reference.same_period
    span = same_period(run.window, period)
    try:
        found = _earlier(run, known, champion, span, own)
    except DriftloopError as error:
        found = f"its rows cannot be used: {error}"
    if isinstance(found, str):
        run.notice(NO_SAME_PERIOD, f"{found}; drift is measured against the champion's reference")
        return own
    return replace(found, same_period=whole(period))


def _earlier(run: CheckRun, known: Project, champion: Version, span: Window, own: Compared) -> Compared | str:
    """Read the rows of the same period and predict them with the champion; return why not if they cannot be used."""
    fresh = read(Query(known, span, known.folder, run.now, champion.follows))
    rows = fresh.frame
    weights = weights_of(rows, known.columns)
    problem = None if weights is None or not len(rows) else Weighing.of(weights).problem
    if problem is not None or not len(rows):
        return problem or str(unusable(None, span))
    own_code.importable(known)
    scorer = registry.scorer(champion, known.training)
    rows = rows.assign(**{PREDICTION: prediction_column(scorer.predict(rows), scorer.classes)})
    profiles = profiled(rows, known, span.end)
    if (reason := unusable(profiles, span)) is not None:
        return reason
    if known.elsewhere:
        columns = {**profiles.columns, PREDICTION: with_labels_only(profiles[PREDICTION])}
        profiles = replace(profiles, columns=columns)
    sample = draw(rows, known.drift.sample_rows, known.drift.seed, as_rows(weights))
    return replace(own, profiles=profiles, sample=sample, window=span, lead=0.0, key=fresh.digest)
