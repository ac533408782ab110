"""Metrics of columns as other tools show them, from the profiles of a check. No value of a single row is among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile, Profiles
from driftloop.monitoring.settings.columns import PREDICTION

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Below it a quantile would be close to a value of a row.
LEAST_ROWS = 100


@dataclass(frozen=True)
class ColumnMetric:
    """Rows with and without a value, the number of different values if it is known, and quantiles by their level."""

    count: int
    nulls: int
    distinct: int | None
    quantiles: dict[str, float]


def column_metrics(profiles: Profiles) -> dict[str, ColumnMetric]:
    """Return the metrics of each column but the prediction; none of weighted rows, whose counts are not of rows."""
    if profiles.weighted:
        return {}
    return {name: _metric(profile) for name, profile in profiles.items() if name != PREDICTION}


def _metric(profile: Profile) -> ColumnMetric:
    count, nulls = round(profile.rows - profile.nulls), round(profile.nulls)
    if isinstance(profile, CategoricalProfile):
        distinct = None if profile.other else int((profile.counts > 0).sum())
        return ColumnMetric(count, nulls, distinct, {})
    return ColumnMetric(count, nulls, None, _quantiles(profile))


def _quantiles(profile: NumericProfile) -> dict[str, float]:
    """Return for each level the mean of the cell that has it: one of 256 between quantiles of the reference."""
    if profile.finite < LEAST_ROWS:
        return {}
    reached = np.cumsum(profile.counts)
    cells = [int(np.searchsorted(reached, level * reached[-1])) for level in QUANTILES]
    return {
        f"{level:g}": float(profile.sums[at] / profile.counts[at]) for level, at in zip(QUANTILES, cells, strict=True)
    }
