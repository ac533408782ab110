"""Two profiles of the same cells, for the laws of drift."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.methods import METHODS, distance
from driftloop.monitoring.profiles import Profile, first, like
from driftloop.monitoring.records import Kind

# Every method that is computed from profiles, with each kind of columns.
OWN = [(name, kind) for name, method in METHODS.items() if method.own for kind in sorted(method.kinds)]


def profiles(old: object, new: object, kind: Kind = "numeric") -> tuple[Profile, Profile]:
    """Both sides in the cells of the first."""
    kept = np.float64 if kind == "numeric" else object
    reference = first(pd.DataFrame({"x": pd.Series(old, dtype=kept)}), {"x": kind})
    return reference["x"], like(reference, pd.DataFrame({"x": pd.Series(new, dtype=kept)}))["x"]


def far(method: str, old: object, new: object, kind: Kind = "numeric") -> float:
    return distance(method, *profiles(old, new, kind))


def drawn(kind: Kind, seed: int, rows: int = 400) -> pd.Series:
    generator = np.random.default_rng(seed)
    if kind == "numeric":
        values = generator.normal(size=rows)
        return pd.Series(np.where(generator.random(rows) < 0.1, np.nan, values))
    labels = np.array([*"abcdefgh", None], dtype=object)
    return pd.Series(labels[generator.integers(0, 9, rows)], dtype=object)
