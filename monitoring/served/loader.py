"""Entry point of `mlflow.pyfunc.load_model`: raw columns in, predictions out."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .answers import answers, encoded_for
from .calibrating import recalibrated
from .encoding import Rows, frame_of
from .errors import NotTrusted, ServingError
from .opening import FILES, TRUSTED, open_skops, open_xgboost
from .reading import read
from .spelling import as_levels

Floats = NDArray[np.float64]


class Served:
    """A version as a plain predictor. `score` predicts typed rows: shape (n,), or (n, k) for k classes."""

    def __init__(
        self,
        score: Callable[[Rows], Floats],
        *,
        numeric: Sequence[str],
        levels: Mapping[str, Sequence[str]],
        classes: Sequence[str],
    ) -> None:
        self.score, self.classes = score, tuple(classes)
        self.numeric, self.levels = tuple(numeric), {name: tuple(known) for name, known in levels.items()}

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pd.DataFrame | pd.Series[Any]:
        """Predict: shape (n,) for regression, otherwise a column per class.

        An unseen category counts as missing. So does a value that is not a number in a numeric column, with a warning.
        Further columns are ignored; one that is missing raises `ServingError`. `params` has no effect.
        """
        predicted = self.score(self.typed(model_input))
        if not self.classes:
            return pd.Series(predicted, index=model_input.index, name="prediction")
        return pd.DataFrame(predicted, index=model_input.index, columns=list(self.classes))

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the features of raw rows as float64 and text, on the index of the rows."""
        return frame_of(self.columns(rows), rows.index)

    def columns(self, rows: pd.DataFrame | Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Return the features of raw rows as arrays: float64, or text and None.

        `rows` are a frame, or series by name; numbers may also be arrays of float64.
        """
        lost = [name for name in (*self.numeric, *self.levels) if name not in rows]
        if lost:
            raise _missing(lost, list(rows))
        numbers: dict[str, NDArray[Any]] = {name: _numbers(rows[name], name) for name in self.numeric}
        return numbers | {name: as_levels(rows[name], known) for name, known in self.levels.items()}


def _missing(lost: Sequence[str], columns: Sequence[object]) -> ServingError:
    there = ", ".join(repr(str(name)) for name in columns[:20])
    return ServingError(
        f"the rows to be predicted lack {', '.join(repr(name) for name in lost)}",
        expected="the columns that the model was trained on",
        remedy=f"add the column, or correct its name; the rows have {there or 'no columns'}",
    )


def _numbers(values: pd.Series[Any] | Floats, name: str) -> Floats:
    if isinstance(values, np.ndarray):
        made = values
    elif values.dtype == np.float64:
        made = values.to_numpy()
    else:
        made, lost, _ = read(values)
        if lost.any():
            example = repr(str(values.iloc[int(lost.argmax())]))[:40]
            warnings.warn(
                f"{name}: {int(lost.sum()):,} of {len(values):,} values are not numbers, such as {example}; "
                "they count as missing",
                stacklevel=5,
            )
    return np.where(np.isinf(made), np.nan, made)


def _load_pyfunc(path: str) -> Served:
    """Open a version for MLflow; its files are not compared with the registry. A pickle is refused."""
    folder = Path(path)
    head = json.loads((folder / "scorer.json").read_text("utf-8"))
    kind = head["format"]
    if kind not in FILES:
        raise NotTrusted(str(folder), [f"{head['estimator']} as {kind}"])
    content = (folder / FILES[kind]).read_bytes()
    where = f"{folder.name}/{FILES[kind]}"
    if kind == "xgboost":
        estimator = open_xgboost(content, head["estimator"], where)
    else:
        _warn_of_another_version(head["library"], folder.name)
        estimator = open_skops(content, where, TRUSTED)
    features, classes, by_place = head["features"], tuple(head["classes"]), head["by_place"]
    levels = {name: tuple(known) for name, known in features["levels"].items()}

    def score(typed: Rows) -> Floats:
        encoded = encoded_for(estimator, typed, features["numeric"], levels, by_place=by_place)
        predicted = answers(estimator, encoded, classes, by_place=by_place)
        return recalibrated(predicted, head.get("recalibration"))

    return Served(score, numeric=features["numeric"], levels=levels, classes=classes)


def _warn_of_another_version(stored: str, where: str) -> None:
    from importlib.metadata import version

    installed = version("scikit-learn")
    if installed.split(".")[:2] != stored.split(".")[:2]:
        warnings.warn(
            f"{where} was stored with scikit-learn {stored} and is read with {installed}: its predictions may differ; "
            "install the version in requirements.txt",
            stacklevel=3,
        )
