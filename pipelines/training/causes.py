"""Models behind the causes of a rise of the loss: which rows are new, what they lose, where the relation changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.causes import Rows, Suspect, judge, localized, mean_amount, split, suspects
from driftloop.monitoring.records import Amount, BrokenColumn, Causes, ColumnReference, Segment
from driftloop.pipelines.training.discovery import Split, leaves
from driftloop.pipelines.training.features import encode, learn_features
from driftloop.pipelines.training.threads import free_threads, prepare

Floats = NDArray[np.float64]
Losses = Callable[[pd.DataFrame], Floats]
"""Predicts rows of the reference and returns their losses, shape (n,), in the order of the rows."""

MOST_ROWS = 10_000  # rows of each side that are compared
FOLDS, ROUNDS = 3, 60
PARAMS = {"max_depth": 4, "eta": 0.1, "lambda": 5.0, "tree_method": "hist", "subsample": 0.8, "verbosity": 0}
LEAST_LEAF = 20.0  # rows that a leaf needs
CELLS, MOST_LEVELS = 10, 20
SURE = 0.01  # a share of 0 or 1 is not believed
BESIDE = 0.1  # excess of rows that a condition leaves out, as a part of that of the rows it keeps
ELSEWHERE = 0.05  # change of the relation on some other rows, as a part of that in the segment, that rules it out
BLOCKS = 10  # blocks of time, by turns of the half to search a segment in and of the half to test it on


@dataclass(frozen=True)
class Sides:
    """Held-out rows of the reference and labeled current rows, each in order of time, with their losses."""

    reference: pd.DataFrame
    reference_losses: Floats
    current: pd.DataFrame
    current_losses: Floats

    @property
    def rows(self) -> pd.DataFrame:
        """Return the rows of both sides, the reference first."""
        return pd.concat([self.reference, self.current], ignore_index=True)

    @property
    def is_current(self) -> NDArray[np.bool_]:
        return np.arange(len(self.reference) + len(self.current)) >= len(self.reference)

    @property
    def losses(self) -> Floats:
        return np.concatenate([self.reference_losses, self.current_losses])


def find_causes(
    sides: Sides,
    columns: Sequence[ColumnReference],
    *,
    seed: int,
    again: Losses | None = None,
    slices: Mapping[str, NDArray[np.bool_]] | None = None,
    threads: int | None = None,
) -> Causes:
    """Return why the current rows lose more than the held-out rows of the reference.

    `columns` are the features to compare by, without those derived from the time alone. `again` predicts rows of the
    reference; without it the rise by a broken column is that of the rows in which it is broken. `slices` are masks over
    the rows of both sides, the reference first.
    """
    features = tuple(column for column in columns if column.role == "feature")
    frame, current, losses = sides.rows, sides.is_current, sides.losses
    blank = Rows(losses, current, np.full(len(losses), 0.5), np.zeros(len(losses)))
    if not features:
        return Causes(reason="there is no feature to compare the rows by")
    if not blank.enough or not np.isfinite(losses).all():
        return judge(blank, features={}, slices={})
    numeric, categorical = ([c.name for c in features if c.kind == kind] for kind in ("numeric", "categorical"))
    share, expected = nuisances(frame, losses, current, numeric, categorical, seed, free_threads(threads, len(frame)))
    rows = Rows(losses, current, share, expected)
    return judge(
        rows,
        features={name: cells(frame[name]) for name in (*numeric, *categorical)},
        slices=slices or {},
        broken=_broken(sides, features, again, seed),
        segment=segment(rows, frame, numeric, categorical, seed),
    )


def nuisances(
    frame: pd.DataFrame,
    losses: Floats,
    current: NDArray[np.bool_],
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    threads: int,
) -> tuple[Floats, Floats]:
    """Return for each row the probability to be current, and its expected loss over both sides; shapes (n,).

    Both sides count the same. Each row is predicted by models of the other two thirds of the rows (cross-fitting).
    """
    prepare()
    import xgboost

    features = learn_features(frame, numeric, categorical, 100)
    inputs = encode(frame, features)
    weights = np.where(current, 0.5 / current.mean(), 0.5 / (~current).mean())
    folds = np.random.default_rng(seed).permutation(len(frame)) % FOLDS
    share, expected = np.empty(len(frame)), np.empty(len(frame))
    aims: tuple[tuple[Floats, dict[str, Any], Floats], ...] = (
        (current.astype(np.float64), {"objective": "binary:logistic", "min_child_weight": LEAST_LEAF / 4}, share),
        (losses, {"objective": "reg:squarederror", "min_child_weight": LEAST_LEAF}, expected),
    )
    for fold in range(FOLDS):
        rest, back = folds != fold, folds == fold
        for aim, params, into in aims:
            data = xgboost.DMatrix(
                inputs[rest], label=aim[rest], weight=weights[rest], enable_categorical=True, nthread=threads
            )
            own = {**PARAMS, **params, "base_score": float(np.average(aim[rest], weights=weights[rest])), "seed": seed}
            booster = xgboost.train({**own, "nthread": threads}, data, num_boost_round=ROUNDS)
            into[back] = booster.inplace_predict(inputs[back])
    return np.clip(share, SURE, 1 - SURE), expected


def cells(values: pd.Series) -> NDArray[np.intp]:
    """Return the cell of each value: between deciles, or one of the most frequent levels, or missing."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        cuts = np.unique(np.quantile(known, np.arange(1, CELLS) / CELLS)) if len(known) else np.empty(0)
        places = np.searchsorted(cuts, numbers, side="right")
        return np.where(np.isnan(numbers), CELLS, places).astype(np.intp)
    levels = pd.Index(values.value_counts().index[:MOST_LEVELS].astype(object))
    found = levels.get_indexer(pd.Index(values.astype(object)))
    found = np.where(found < 0, MOST_LEVELS, found)
    return np.where(values.isna(), MOST_LEVELS + 1, found).astype(np.intp)


def segment(
    rows: Rows, frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> Segment | None:
    """Return the condition under which alone the relation changed; None if there is none, or it changed everywhere.

    A shallow tree on what the current rows lose beyond expectation, in every second tenth of them, proposes
    conditions; the one that separates best, its shorter beginnings first, is tested on the rows that had no part in the
    search. It is no segment where a second tree finds other rows whose loss rose or fell.
    """
    places = np.flatnonzero(rows.current)
    searched = (np.arange(len(places)) * BLOCKS // len(places)) % 2 == 0
    first, excess = places[searched], (rows.losses - rows.expected)[places[searched]]
    paths = leaves(frame.iloc[first], excess, numeric, categorical, seed)
    short = {tuple(_cut(path, frame.iloc[first], excess)) for path in paths}
    if not short:
        return None
    held = {path: _holds(path, frame) for path in sorted(short, key=_where)}
    best = max(held, key=lambda path: _separation(held[path][first], excess))
    tested = np.ones(len(frame), dtype=bool)
    tested[first] = False
    for length in range(1, len(best) + 1):
        where = best[:length]
        inside = _holds(where, frame)
        found = localized(rows.only(tested), _where(where), inside[tested])
        if found is not None and not _elsewhere(rows, frame, found, inside, first, (numeric, categorical), seed):
            return found
    return None


def _elsewhere(
    rows: Rows,
    frame: pd.DataFrame,
    found: Segment,
    inside: NDArray[np.bool_],
    first: NDArray[np.intp],
    columns: tuple[Sequence[str], Sequence[str]],
    seed: int,
) -> bool:
    """Return whether the loss also rose or fell on some rows outside of a segment; `first` are those searched in."""
    others = first[~inside[first]]
    if len(others) < LEAST_LEAF:
        return False
    tested = ~inside
    tested[first] = False
    rest = (rows.losses - rows.expected)[others]
    for sign in (1.0, -1.0):
        for path in leaves(frame.iloc[others], sign * rest, *columns, seed):
            part = rows.only(tested & _holds(path, frame))
            if part.enough and _moved(split(part).changed, sign, found.inside):
                return True
    return False


def _moved(changed: Amount, sign: float, inside: Amount) -> bool:
    """Return whether the relation also changed on some rows outside of a segment, in the direction of the sign."""
    surely = changed.low > 0 if sign > 0 else changed.high < 0
    return surely and sign * changed.value > ELSEWHERE * inside.value


def _holds(path: Sequence[Split], rows: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce([each.holds(rows) for each in path]))


def _cut(path: Sequence[Split], rows: pd.DataFrame, excess: Floats) -> Sequence[Split]:
    """Return the beginning of a path: a further condition is kept only if it leaves out rows that lose no more."""
    length = 1
    while length < len(path):
        inside = _holds(path[: length + 1], rows)
        beside = _holds(path[:length], rows) & ~inside
        if beside.any() and excess[beside].mean() > BESIDE * excess[inside].mean():
            break
        length += 1
    return path[:length]


def _where(path: Sequence[Split]) -> str:
    return " and ".join(each.sql() for each in path)


def _separation(inside: NDArray[np.bool_], excess: Floats) -> float:
    """Return the variance between the rows of a condition and all others; 0 if they lose less."""
    share = float(inside.mean())
    if not 0 < share < 1:
        return 0.0
    apart = float(excess[inside].mean() - excess[~inside].mean())
    return share * (1 - share) * apart**2 if apart > 0 else 0.0


def _broken(
    sides: Sides, features: Sequence[ColumnReference], again: Losses | None, seed: int
) -> tuple[BrokenColumn, ...]:
    """Return the columns that look broken, each with the rise of the loss by that alone."""
    found = suspects(sides.reference, sides.current, features)
    if not found:
        return ()
    before = again(sides.reference) if again is not None else None
    made = []
    for each in found:
        if again is not None and before is not None:
            rise = mean_amount(again(each.imitate(sides.reference, seed)) - before)
        else:
            rise = mean_amount(_excess(each, sides))
        made.append(BrokenColumn(column=each.column, kind=each.kind, share=each.share, message=each.message, rise=rise))
    return tuple(made)


def _excess(suspect: Suspect, sides: Sides) -> Floats:
    """Return for each current row what it lost beyond the mean of the reference, 0 where the column is not broken."""
    values, usual = sides.current[suspect.column], float(sides.reference_losses.mean())
    return np.where(suspect.hits(values), sides.current_losses - usual, 0.0)
