"""Predictions of a model elsewhere as they came with the rows, made into numbers; why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.served.reading import read
from driftloop.monitoring.served.spelling import labels, spell
from driftloop.monitoring.settings.predictions import BETWEEN, SCORED, UNDECIDED, Predictions

# Column of canonical rows with a prediction; those of classes have the class behind it.
SCORE = "driftloop: score"
# Probabilities of one row may differ from the sum 1 by this: three decimals for each of twenty classes.
SUM_TOLERANCE = 0.01

USABLE, NONE, DISPUTED, NOT_FINITE, OUT_OF_RANGE, WRONG_SUM = range(6)
"""Why a row has no usable prediction, in the order in which it is decided."""


@dataclass(frozen=True)
class Scores:
    """Predictions of canonical rows: float64 columns, or one of class names, and a state for each row, shape (n,).

    A column has NaN, or None, where the state is not USABLE. `examples` are values that cannot be used, by state.
    """

    columns: dict[str, pd.Series[Any]]
    states: NDArray[np.int8]
    examples: dict[int, str]


def score_columns(given: Predictions) -> tuple[str, ...]:
    """The names of the columns in which canonical rows have predictions; none for a model that is here."""
    if given.source is None:
        return ()
    levels = given.levels
    return tuple(f"{SCORE} {level}" for level in levels) if levels else (SCORE,)


def scores(raw: pd.DataFrame, given: Predictions, task: str) -> Scores:
    """Read the predictions that were joined to rows; rows without such a column have none."""
    number = len(raw)
    values = raw[SCORED] if SCORED in raw else pd.Series(None, index=raw.index, dtype=object)
    undecided = raw[UNDECIDED].to_numpy(bool) if UNDECIDED in raw else np.zeros(number, dtype=bool)
    states = np.full(number, USABLE, dtype=np.int8)
    states[values.isna().to_numpy()] = NONE
    states[undecided] = DISPUTED
    if given.label is not None:
        named = labels(values).reset_index(drop=True)
        return Scores({SCORE: named.where(states == USABLE, None).astype("category")}, states, {})
    names = score_columns(given)
    numbers = _numbers(values, len(names))
    open_ = states == USABLE
    _mark(states, open_ & ~np.isfinite(numbers).all(axis=1), NOT_FINITE)
    if task != "regression":
        with np.errstate(invalid="ignore"):
            _mark(states, open_ & ((numbers < 0) | (numbers > 1)).any(axis=1), OUT_OF_RANGE)
            if len(names) > 1:
                _mark(states, open_ & (np.abs(numbers.sum(axis=1) - 1) > SUM_TOLERANCE), WRONG_SUM)
    numbers[states != USABLE] = np.nan
    columns = {name: pd.Series(numbers[:, at]) for at, name in enumerate(names)}
    return Scores(columns, states, _examples(values, states))


def _numbers(values: pd.Series[Any], number: int) -> NDArray[np.float64]:
    """The numbers of each value, shape (n, number); NaN for other text."""
    if number == 1:
        return read(values).made.reshape(-1, 1).copy()
    parts = values.astype("string").str.split(BETWEEN, regex=False, expand=True).reindex(columns=range(number))
    return np.column_stack([read(parts[at]).made for at in range(number)])


def _mark(states: NDArray[np.int8], where: NDArray[np.bool_], state: int) -> None:
    states[where & (states == USABLE)] = state


def _examples(values: pd.Series[Any], states: NDArray[np.int8]) -> dict[int, str]:
    """The first value of each state that has values, as text."""
    found = {}
    for state in (NOT_FINITE, OUT_OF_RANGE, WRONG_SUM):
        places = np.flatnonzero(states == state)
        if len(places):
            found[state] = str(spell(values.iloc[places[0]])).replace(BETWEEN, ", ")
    return found
