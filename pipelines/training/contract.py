"""Contract of an adopted model: which columns it takes, in which order and type, and how its answers are read."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from driftloop.monitoring.errors import AdoptionRefused, MissingColumns, clipped, listed
from driftloop.monitoring.records import Record
from driftloop.monitoring.tasks import TASKS, Task

Floats = NDArray[np.float64]
InputType = Literal["double", "float", "long", "integer", "boolean", "string", "category"]
AnswerKind = Literal["numbers", "labels", "second", "probabilities"]
WHOLE: dict[str, Any] = {"long": np.int64, "integer": np.int32}
TRUTH = {"true": 1.0, "false": 0.0}
ROUNDING = 1e-3  # of probabilities that are single precision


class Input(Record):
    """One column as the model takes it.

    `levels` are the known categories, most frequent first. `fill` replaces a missing value where the model accepts
    none; None leaves it missing.
    """

    name: str
    type: InputType
    levels: tuple[str, ...] = ()
    fill: float | str | None = None


class Contract(Record):
    """How a model is fed and how its answer is read.

    `named` is false for a model without column names, which takes the columns by their position. `strict` means that an
    unknown category makes it fail: such a category counts as missing. `classes` are the classes in the order of the
    columns of its answer; `labels` maps what it calls a class to the class. `params` are parameters of its training
    that its file does not keep.
    """

    model: str
    task: Task
    inputs: tuple[Input, ...]
    named: bool = True
    strict: bool = False
    answer: AnswerKind = "numbers"
    classes: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)

    def frame(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return canonical rows as the model takes them: its columns, in its order, in its types."""
        lost = [one.name for one in self.inputs if one.name not in rows.columns]
        if lost:
            raise MissingColumns("the rows to be scored", lost, [str(name) for name in rows.columns])
        made = {one.name: self._column(rows[one.name], one) for one in self.inputs}
        return pd.DataFrame(made, index=rows.index)

    def predict(self, estimator: Any, rows: pd.DataFrame, classes: tuple[str, ...]) -> Floats:
        """Score canonical rows; shape (n,) for regression, (n, k) in the order of `classes` otherwise."""
        if rows.empty:
            return np.empty((0, len(classes)) if classes else 0)
        answer = values_of(self.model, ask(estimator, self.frame(rows), self.task, named=self.named), len(rows))[0]
        if self.answer == "numbers":
            return numbers_of(self.model, answer)
        made = np.zeros((len(rows), len(classes)))
        places = {name: place for place, name in enumerate(classes)}
        if self.answer == "labels":
            named = spelled(answer)
            unknown = sorted(set(named) - set(self.labels))
            if unknown:
                raise AdoptionRefused(
                    self.model,
                    f"it answers with {listed(unknown)}, which it did not when it was adopted",
                    expected=f"one of {listed(self.labels)}",
                    remedy="adopt a version whose classes are those of the rows, or `driftloop retrain`",
                )
            made[np.arange(len(rows)), [places[self.labels[name]] for name in named]] = 1.0
            return made
        shares = shares_of(self.model, answer, len(self.classes))
        made[:, [places[name] for name in self.classes]] = shares
        return made

    def _column(self, values: pd.Series, one: Input) -> Any:
        if one.type in {"string", "category"}:
            return self._texts(values, one)
        numbers = as_numbers(values)
        if one.fill is not None:
            numbers = np.where(np.isnan(numbers), float(one.fill), numbers)
        if one.type in WHOLE:
            whole = (
                np.isfinite(numbers)
                & (np.floor(numbers) == numbers)
                & (np.abs(numbers) <= np.iinfo(WHOLE[one.type]).max)
            )
            return numbers.astype(WHOLE[one.type]) if whole.all() else numbers
        if one.type == "boolean":
            return numbers.astype(bool) if np.isin(numbers, (0.0, 1.0)).all() else numbers
        return numbers.astype(np.float32) if one.type == "float" else numbers

    def _texts(self, values: pd.Series, one: Input) -> Any:
        texts = values.astype(object)
        if self.strict or one.type == "category":
            texts = texts.where(texts.isin(one.levels), None)
        texts = texts.where(texts.notna(), np.nan if one.fill is None else one.fill)
        return pd.Categorical(texts, categories=sorted(one.levels)) if one.type == "category" else texts


def as_numbers(values: pd.Series) -> Floats:
    """Return a canonical column as float64; text that is not a number, and not true or false, is missing.

    >>> as_numbers(pd.Series(["132", "true", "x", None], dtype=object)).tolist()
    [132.0, 1.0, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = values.astype(object)
    truth = texts.map(lambda text: TRUTH.get(text.lower()) if isinstance(text, str) else None)
    return pd.to_numeric(texts, errors="coerce").fillna(pd.to_numeric(truth)).to_numpy(np.float64)


def ask(estimator: Any, frame: pd.DataFrame, task: Task, *, named: bool) -> Any:
    """Return what a model of any library answers to a frame: probabilities where it has them, otherwise `predict`."""
    inputs = frame if named else frame.to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if type(estimator).__module__ == "xgboost.core":
            import xgboost

            return estimator.predict(xgboost.DMatrix(inputs, enable_categorical=True))
        if TASKS[task].has_classes and hasattr(estimator, "predict_proba"):
            return estimator.predict_proba(inputs)
        return estimator.predict(inputs)


def values_of(model: str, answer: Any, rows: int) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return an answer as an array of shape (rows,) or (rows, k), and the names of its columns if it has any."""
    if isinstance(answer, dict):
        answer = pd.DataFrame(answer)
    named = isinstance(answer, pd.DataFrame) and not isinstance(answer.columns, pd.RangeIndex)
    names = tuple(str(name) for name in answer.columns) if named else None
    values = np.asarray(answer)
    if values.ndim == 2 and values.shape[1] == 1:
        values, names = values[:, 0], None
    if values.ndim not in {1, 2} or len(values) != rows or values.dtype.kind in "cMmV":
        shape = "x".join(map(str, values.shape)) or "one value"
        raise AdoptionRefused(
            model,
            f"its answer to {rows:,} rows is {type(answer).__name__} of shape {shape}",
            expected=f"an array or a frame with one row for each of the {rows:,}",
            remedy="log a model whose predict returns one number, one class, or one probability per class for each row",
        )
    return values, names


def numbers_of(model: str, values: NDArray[Any]) -> Floats:
    """Return the answer of a regression, shape (n,); anything but one finite number per row is refused."""
    if values.ndim != 1:
        raise AdoptionRefused(
            model,
            f"its answer has {values.shape[1]} columns",
            expected="one number per row, since task is regression",
            remedy="correct task, or log a model that returns the number to be predicted alone",
        )
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        raise AdoptionRefused(
            model,
            f"it answers with text such as {clipped(repr(str(values[0])))}",
            expected="one number per row, since task is regression",
            remedy="set task: binary or multiclass if it predicts classes, or log a model that returns numbers",
        ) from None
    refuse_missing(model, numbers)
    return numbers


def shares_of(model: str, values: NDArray[Any], classes: int) -> Floats:
    """Return probabilities, shape (n, k); a single column is the probability of the second of two classes."""
    try:
        shares = values.astype(np.float64)
    except (TypeError, ValueError):
        shares = np.full(values.shape, np.nan)
    refuse_missing(model, shares)
    low, high = float(shares.min()), float(shares.max())
    expected = "probabilities: numbers from 0 to 1, of which those of a row have the sum 1"
    remedy = "log a model that returns probabilities (for xgboost the objective binary:logistic or multi:softprob)"
    if low < -ROUNDING or high > 1 + ROUNDING:
        found = f"it answers with numbers from {low:.4g} to {high:.4g}, which are not probabilities"
        raise AdoptionRefused(model, found, expected=expected, remedy=remedy)
    shares = shares.clip(0.0, 1.0)
    if shares.ndim == 1:
        shares = np.column_stack([1.0 - shares, shares])
    if shares.shape[1] != classes:
        raise AdoptionRefused(
            model,
            f"its answer has {shares.shape[1]} columns",
            expected=f"{classes} columns, one for each class",
            remedy="adopt a model of the same classes as the rows",
        )
    sums = shares.sum(axis=1)
    off = np.abs(sums - 1.0) > ROUNDING
    if off.any():
        found = f"the columns of its answer have the sum {sums[off][0]:.4g} in {int(off.sum()):,} of {len(sums):,} rows"
        raise AdoptionRefused(model, found, expected=expected, remedy=remedy)
    return shares


def refuse_missing(model: str, numbers: Floats) -> None:
    """Refuse an answer in which a number is missing or infinite."""
    lost = ~np.isfinite(numbers).reshape(len(numbers), -1).all(axis=1)
    if lost.any():
        raise AdoptionRefused(
            model,
            f"its answer to {int(lost.sum()):,} of {len(numbers):,} rows is not a finite number",
            expected="a finite number for every row",
            remedy="log a model that fills missing inputs, or exclude those rows (columns.filter)",
        )


def spelled(values: Sequence[Any] | NDArray[Any]) -> list[str]:
    """Return class names as text: whole numbers without a point, truth values in small letters.

    >>> spelled([1.0, 0.0]), spelled([True, False]), spelled(["Yes"])
    (['1', '0'], ['true', 'false'], ['Yes'])
    """
    return [_spelled(value) for value in values]


def _spelled(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating) and np.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)
