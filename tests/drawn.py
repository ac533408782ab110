"""Columns, rows and checks that a report is drawn of, scored as a check scores them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import DEFAULTS, METHODS
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.profiles import first, like
from driftloop.monitoring.records import Check, CheckWindow, ColumnReference, Outcome
from driftloop.monitoring.report import Measured, measure

SETTINGS = Drift()


def column_of(name: str, kind: str = "numeric", method: str | None = None, **more: object) -> ColumnReference:
    chosen = METHODS[method or DEFAULTS[kind]]  # type: ignore[index]
    common: dict[str, object] = {
        "role": "feature",
        "null_share": 0,
        "distinct": 9,
        "threshold": chosen.default_threshold,
        "effect_floor": chosen.floor,
    }
    return ColumnReference(**{"name": name, "kind": kind, "method": chosen.name, **common, **more})


def whole(
    reference: pd.DataFrame, current: pd.DataFrame, columns: list[ColumnReference], settings: Drift = SETTINGS
) -> Measured:
    """Score and draw as a check does: ours from profiles, the others and the page by Evidently."""
    known = first(reference, {column.name: column.kind for column in columns})
    return measure(reference, current, columns, settings, judge(known, like(known, current), columns, settings))


def rows(count: int, numeric: int, categorical: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = {f"n{i}": rng.normal(size=count) + shift * i / numeric for i in range(numeric)}
    labels = np.array(list("abcdefgh"), dtype=object)
    data |= {f"k{i}": labels[rng.integers(0, 8, count)] for i in range(categorical)}
    return pd.DataFrame(
        {name: pd.Series(values, dtype=None if name[0] == "n" else object) for name, values in data.items()}
    )


def columns_of(frame: pd.DataFrame) -> list[ColumnReference]:
    return [column_of(name, "numeric" if name[0] == "n" else "categorical") for name in map(str, frame)]


def check(**more: object) -> Check:
    moment = datetime(2026, 3, 8, tzinfo=UTC)
    window = CheckWindow(start=datetime(2026, 3, 1, tzinfo=UTC), end=moment, rows=500)
    common: dict[str, object] = {
        "model": "taxi",
        "check_id": "c-1",
        "outcome": Outcome.STEADY,
        "reason": "Nothing moved.",
    }
    return Check(**{"window": window, "now": moment, **common, **more})
