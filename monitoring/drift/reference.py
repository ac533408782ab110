"""What a champion remembers of the rows it was made from: per column, how it looked and how it will be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.monitoring.profiles import FENCE, LEVELS_KEPT, Profiles, first
from driftloop.monitoring.records import ColumnReference, Reference, Role, Window
from driftloop.monitoring.rows.weights import weights_of
from driftloop.monitoring.settings.columns import PREDICTION

if TYPE_CHECKING:
    from driftloop.monitoring.drift.settings import Referenced

__all__ = ["PREDICTION", "describe", "prediction_column", "profiled"]

MOST_BLOCKS = 60


def describe(
    frame: pd.DataFrame,
    config: Referenced,
    *,
    window: Window,
    source_types: dict[str, str],
    loss: float,
    loss_rows: int,
) -> Reference:
    """Sum up canonical reference rows that carry the column `prediction`; binds method and threshold to each column."""
    roles: dict[str, Role] = dict.fromkeys(config.columns.features, "feature")
    roles |= {PREDICTION: "prediction", config.columns.target: "target"}
    return Reference(
        window=window,
        rows=len(frame),
        columns=tuple(_column(frame[name], role, config) for name, role in roles.items()),
        source_types=source_types,
        loss_name=config.loss.name,
        loss=loss,
        loss_rows=loss_rows,
        weight=config.columns.weight,
    )


def profiled(frame: pd.DataFrame, config: Referenced, end: datetime) -> Profiles:
    """Profile canonical reference rows that carry the column `prediction`, all of them, by block of time as well.

    A block is as long as the current window, the newest one ends at `end`. Of many blocks some are left out, evenly.
    With `columns.weight` rows count by their weights.
    """
    names = [*config.columns.features, PREDICTION, config.columns.target]
    age = (pd.Timestamp(end) - frame[config.columns.time]).dt.total_seconds().to_numpy(np.float64)
    number = np.maximum(age // config.windows.current.total_seconds(), 0).astype(np.int64)
    step = int(number.max(initial=0)) // MOST_BLOCKS + 1
    left_out = MOST_BLOCKS
    made = first(
        frame,
        {name: config.kind(name) for name in names},
        np.where(number % step == 0, number // step, left_out),
        weights_of(frame, config.columns),
    )
    cut = {
        name: replace(one, blocks=None if one.blocks is None else one.blocks[:left_out]) for name, one in made.items()
    }
    return replace(made, columns=cut)


def prediction_column(predicted: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Give what prediction drift is measured on: the number, the second class's probability, or the likeliest class.

    `predicted` has shape (n,) for regression and (n, k) for classes; the answer has shape (n,). A row of NaN, which a
    model elsewhere has not scored, has NaN or None.
    """
    if not classes:
        return predicted
    if len(classes) == 2:
        return predicted[:, 1]
    if not len(predicted):
        return np.array([], dtype=object)
    likeliest = np.asarray([*classes, None], dtype=object)
    missing = np.isnan(predicted).any(axis=1)
    return likeliest[np.where(missing, len(classes), predicted.argmax(axis=1))]


def _column(values: pd.Series, role: Role, config: Referenced) -> ColumnReference:
    name = str(values.name)
    kind = config.kind(name)
    chosen = config.drift.chosen(name, kind)
    assert chosen.method is not None
    present = values.dropna()
    looks = _numbers_look(present) if kind == "numeric" else _labels_look(present)
    return ColumnReference(
        name=name,
        role=role,
        kind=kind,
        null_share=1.0 - len(present) / len(values) if len(values) else 0.0,
        distinct=int(present.nunique()),
        method=chosen.method,
        threshold=None if chosen.threshold == "calibrated" else chosen.threshold,
        effect_floor=chosen.effect_floor or 0.0,
        **looks,
    )


def _numbers_look(present: pd.Series) -> dict[str, float | None]:
    if present.empty:
        return {}
    low, q_low, q25, q75, q_high, high = (float(q) for q in present.quantile([0, 0.001, 0.25, 0.75, 0.999, 1]))
    spread = q75 - q25
    below, above = (q25 - FENCE * spread, q75 + FENCE * spread) if spread > 0 else (q_low, q_high)
    finite = np.isfinite(below) and np.isfinite(above) and below < above
    return {"low": low, "high": high, "fence_low": below if finite else None, "fence_high": above if finite else None}


def _labels_look(present: pd.Series) -> dict[str, tuple[str, ...]]:
    counts = present.value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return {"levels": tuple(str(level) for level, _ in ordered[:LEVELS_KEPT])}
