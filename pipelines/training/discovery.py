"""Slices that are not configured: found by a shallow tree on one half of the labeled rows, tested on the other half."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.losses.performance import degrees, mean_interval, standard_error
from driftloop.monitoring.records import FoundSlice
from driftloop.monitoring.records.measures import LEAST_RISE
from driftloop.monitoring.records.slices import LEAST_ROWS
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.rows.weights import as_rows, averaged, weights_of
from driftloop.monitoring.served.encoding import LARGEST
from driftloop.monitoring.slices.judging import own
from driftloop.monitoring.slices.parts import Part

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Floats = NDArray[np.float64]
MOST_ROWS = 20_000  # labeled rows that a search reads
BLOCKS = 10  # blocks of time, by turns of the half to search in and of the half to test on
DEPTH, LEAST_SHARE, MOST_LEVELS, MOST_FOUND = 3, 0.02, 10, 5
LEAST_GAIN = 15.0  # F of a split; the best of many splits of noise rarely has as much


@dataclass(frozen=True)
class Split:
    """One condition on a row: `column` is above or at most `bound`, is a level or not, is null or not.

    `kind` is one of `<=`, `>`, `=`, `<>`, `null` and `known`.
    """

    column: str
    kind: str
    bound: float | str | None = None

    def holds(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Return for each row whether the condition holds, as its SQL would; shape (n,)."""
        values = rows[self.column]
        if self.kind in ("null", "known"):
            return (values.isna() == (self.kind == "null")).to_numpy(dtype=bool)
        if self.kind in ("=", "<>"):
            return ((values == self.bound) == (self.kind == "=")).to_numpy(dtype=bool)
        numbers, bound = values.to_numpy(np.float64), float(self.bound or 0.0)
        return np.asarray(numbers <= bound if self.kind == "<=" else numbers > bound)

    def sql(self) -> str:
        """Return the condition in DuckDB's SQL.

        >>> Split("fare", ">", 12.5).sql(), Split("zone", "<>", "D'or").sql(), Split("a b", "null").sql()
        ('fare > 12.5', "zone IS DISTINCT FROM 'D''or'", '"a b" IS NULL')
        """
        plain = self.column.isidentifier() and self.column.isascii()
        name = self.column if plain else '"' + self.column.replace('"', '""') + '"'
        if self.kind in ("null", "known"):
            return f"{name} IS {'' if self.kind == 'null' else 'NOT '}NULL"
        if isinstance(self.bound, str):
            text = "'" + self.bound.replace("'", "''") + "'"
            return f"{name} = {text}" if self.kind == "=" else f"{name} IS DISTINCT FROM {text}"
        return f"{name} {self.kind} {self.bound:.15g}"


class Search:
    """A sample of the labeled rows with their losses, added piece by piece, in which slices are searched."""

    def __init__(self, config: Project, rows: int) -> None:
        columns = config.columns
        self.config = config
        self.numeric = [*columns.numeric, *columns.extra_alone("numeric")]
        self.categorical = [*columns.categorical, *columns.extra_alone("categorical")]
        weight = [columns.weight] if columns.weight else []
        self.columns = list(dict.fromkeys([columns.time, *self.numeric, *self.categorical, columns.target, *weight]))
        # Of at most `rows` rows with labels every so many are read: the same ones, however they come in pieces.
        self.step, self.added = max(1, math.ceil(rows / MOST_ROWS)), 0
        self.parts: list[pd.DataFrame] = []
        self.lost: list[Floats] = []

    def add(self, rows: pd.DataFrame, lost: Floats) -> None:
        """Add labeled rows with their losses, shape (n,)."""
        places = np.arange(-self.added % self.step, len(rows), self.step)
        self.parts.append(plain(rows.iloc[places]))
        self.lost.append(lost[places])
        self.added += len(rows)

    def found(self) -> tuple[FoundSlice, ...]:
        """Return the conditions on which the loss is higher than on other rows."""
        columns = self.config.columns
        rows = pd.concat(self.parts, ignore_index=True)
        order = np.argsort(rows[columns.time].to_numpy(), kind="stable")
        rows = rows.iloc[order]
        return discover(
            rows,
            np.concatenate(self.lost)[order],
            rows[columns.target].to_numpy(),
            self.config.loss,
            weights=weights_of(rows, columns),
            numeric=self.numeric,
            categorical=self.categorical,
            seed=self.config.drift.seed,
        )


def discover(
    rows: pd.DataFrame,
    lost: Floats,
    target: NDArray[Any],
    loss: Loss,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    weights: Floats | None = None,
) -> tuple[FoundSlice, ...]:
    """Return at most five conditions on which the loss is higher than on the other rows, by the p value of a test.

    `rows` are labeled rows in order of time, with losses and labels of shape (n,), and weights above 0 if they have
    any: all rows are then counted by their effective number. A regression tree of depth 3 is fitted on every second
    tenth of them; the conditions of its leaves are tested on the tenths between, which had no part in the search (Cox
    1975, data splitting), by Student's t of the difference of two means.
    """
    parts = loss.parts(lost, target, weights)
    usable = np.isfinite(parts)
    rows, lost, target, parts = rows[usable], lost[usable], target[usable], parts[usable]
    weights = None if weights is None else weights[usable]
    counted = as_rows(weights)
    if (len(rows) if counted is None else counted.sum()) < 4 * LEAST_ROWS:
        return ()
    first = (np.arange(len(rows)) * BLOCKS // len(rows)) % 2 == 0
    by = None if counted is None else counted[first]
    paths = leaves(rows[first], parts[first], numeric, categorical, seed, by)
    other, lost, target = rows[~first], lost[~first], target[~first]
    by = None if weights is None else weights[~first]
    found = [_tested(leaf, other, lost, target, loss, by) for leaf in paths]
    return tuple(each for each in found if each is not None)


def leaves(
    rows: pd.DataFrame,
    values: Floats,
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    weights: Floats | None = None,
) -> list[list[Split]]:
    """Return the paths of the leaves with a mean above that of all rows by at least 5%, the highest first.

    The sum of `weights`, shape (n,), is the effective number of the rows (`rows.weights.as_rows`).
    """
    from sklearn.tree import DecisionTreeRegressor

    columns, splits = _columns(rows, numeric, categorical)
    if not splits:
        return []
    least = max(LEAST_ROWS, math.ceil(LEAST_SHARE * len(rows)))
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=seed)
    tree.fit(columns, values, sample_weight=weights)
    made, mean = tree.tree_, averaged(values, weights)
    found: list[tuple[float, list[Split]]] = []

    def walk(node: int, path: list[Split]) -> None:
        left, right = int(made.children_left[node]), int(made.children_right[node])
        if left == right or _gain(made, node, left, right) < LEAST_GAIN:
            if path and float(made.value[node].item()) >= mean * (1 + LEAST_RISE):
                found.append((float(made.value[node].item()), _short(path)))
            return
        kinds, column, level = splits[int(made.feature[node])]
        bound = float(f"{made.threshold[node]:.4g}") if level is None and kinds == ("<=", ">") else level
        walk(left, [*path, Split(column, kinds[0], bound)])
        walk(right, [*path, Split(column, kinds[1], bound)])

    walk(0, [])
    return [path for _, path in sorted(found, key=lambda one: -one[0])[:MOST_FOUND]]


def _gain(tree: Any, node: int, left: int, right: int) -> float:
    """Return the F statistic of a split: the sum of squares that it explains, over the variance that it leaves."""
    rows, squares = tree.weighted_n_node_samples, tree.weighted_n_node_samples * tree.impurity
    rest = float(squares[left] + squares[right])
    return (float(squares[node]) - rest) / (rest / float(rows[node])) if rest > 0 else math.inf


def _columns(
    rows: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> tuple[Floats, list[tuple[tuple[str, str], str, str | None]]]:
    """Return the inputs of the tree, shape (n, k), and for each the kinds of its two sides, its column and level."""
    inputs: list[Floats] = []
    splits: list[tuple[tuple[str, str], str, str | None]] = []
    for name in numeric:
        values = np.clip(rows[name].to_numpy(np.float64), -LARGEST, LARGEST)
        missing = np.isnan(values)
        if missing.all():
            continue
        inputs.append(np.where(missing, np.nanmedian(values), values))
        splits.append((("<=", ">"), name, None))
        if missing.any():
            inputs.append(missing.astype(np.float64))
            splits.append((("known", "null"), name, None))
    for name in categorical:
        counts = rows[name].value_counts()
        for level in counts.index[:MOST_LEVELS] if len(counts) > 1 else ():
            inputs.append((rows[name] == level).to_numpy(dtype=np.float64))
            splits.append((("<>", "="), name, str(level)))
        missing = rows[name].isna().to_numpy()
        if missing.any() and not missing.all():
            inputs.append(missing.astype(np.float64))
            splits.append((("known", "null"), name, None))
    return (np.column_stack(inputs) if inputs else np.empty((len(rows), 0))), splits


def _short(path: Sequence[Split]) -> list[Split]:
    """Return a path without conditions that another one on the same column implies.

    >>> steps = [Split("a", ">", 1.0), Split("a", ">", 3.0), Split("z", "<>", "x"), Split("z", "=", "y")]
    >>> " and ".join(each.sql() for each in _short(steps))
    "a > 3 and z = 'y'"
    """
    exact = {each.column for each in path if each.kind == "="}
    kept = [each for each in path if each.kind != "<>" or each.column not in exact]
    last = {(each.column, each.kind): at for at, each in enumerate(kept) if each.kind in ("<=", ">")}
    return [each for at, each in enumerate(kept) if last.get((each.column, each.kind), at) == at]


def _tested(
    path: Sequence[Split],
    rows: pd.DataFrame,
    lost: Floats,
    target: NDArray[Any],
    loss: Loss,
    weights: Floats | None,
) -> FoundSlice | None:
    """Compare the loss where all conditions hold with that of the other rows; None with too few rows on one side."""
    from scipy.stats import t

    here, where = np.logical_and.reduce([each.holds(rows) for each in path]), " and ".join(each.sql() for each in path)
    parts = [Part(where, where, np.flatnonzero(side)) for side in (here, ~here)]
    (inside, worth), (others, worth_of_others) = (own(lost, target, part, loss, weights) for part in parts)
    if min(worth, worth_of_others) < LEAST_ROWS:
        return None
    mean, low, high = mean_interval(inside)
    rise, error = mean - float(others.mean()), math.hypot(standard_error(inside), standard_error(others))
    freedom = min(degrees(worth), degrees(worth_of_others))
    chance = float(t.sf(rise / error, freedom)) if error else float(rise <= 0)
    return FoundSlice(
        where=where,
        rows=worth,
        loss=mean,
        low=max(low, 0.0),
        high=high,
        other_loss=float(others.mean()),
        other_rows=worth_of_others,
        p_value=chance,
    )
