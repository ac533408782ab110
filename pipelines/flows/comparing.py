"""What the drift of a check is measured against: rows, their window, and the false-alarm rate of the check."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from driftloop.monitoring.drift.verdicts import lead_of
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import Reference, Window
from driftloop.pipelines.requests.check_run import CheckRun


@dataclass(frozen=True, eq=False)
class Compared:
    """Rows that drift is measured against: profiles of all, a sample for plots, and their window.

    `lead` is the distance from their end to the end of the current window, in windows; `rate` is the false-alarm rate
    of the check.
    """

    profiles: Profiles
    sample: pd.DataFrame
    window: Window
    lead: float
    rate: float


def compared_with(run: CheckRun, reference: Reference, profiles: Profiles, sample: pd.DataFrame) -> Compared:
    """Return what drift is measured against: the champion's reference.

    With a promise over a year the false-alarm rate depends on the last judged check of the model.
    """
    settings = run.config.drift
    past = run.ledger.history(run.config.model, run.now).checks if settings.false_alarms else ()
    rate = settings.rate_after(run.now - past[-1].now if past else None)
    return Compared(profiles, sample, reference.window, lead_of(reference.window, run.window), rate)
