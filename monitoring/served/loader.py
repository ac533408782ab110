"""Entry point of `mlflow.pyfunc.load_model`: raw columns in, predictions out."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .answers import answers
from .calibrating import recalibrated
from .encoding import encode
from .errors import NotTrusted, ServingError
from .opening import FILES, TRUSTED, open_skops, open_xgboost
from .reading import read
from .spelling import as_levels


class Served:
    """A version as a plain predictor. `score` predicts typed rows: shape (n,), or (n, k) for k classes."""

    def __init__(
        self,
        score: Callable[[pd.DataFrame], np.ndarray[Any, np.dtype[np.float64]]],
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
        lost = [name for name in (*self.numeric, *self.levels) if name not in rows.columns]
        if lost:
            raise _missing(lost, rows)
        return pd.DataFrame(
            {name: _numbers(rows[name], name) for name in self.numeric}
            | {name: as_levels(rows[name], known) for name, known in self.levels.items()},
            index=rows.index,
        )


def _missing(lost: Sequence[str], frame: pd.DataFrame) -> ServingError:
    there = ", ".join(repr(str(name)) for name in list(frame.columns)[:20])
    return ServingError(
        f"the rows to be predicted lack {', '.join(repr(name) for name in lost)}",
        expected="the columns that the model was trained on",
        remedy=f"add the column, or correct its name; the rows have {there or 'no columns'}",
    )


def _numbers(values: pd.Series[Any], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    came = read(values)
    if came.lost.any():
        lost, example = int(came.lost.sum()), repr(str(values.iloc[int(came.lost.argmax())]))[:40]
        warnings.warn(
            f"{name}: {lost:,} of {len(values):,} values are not numbers, such as {example}; they count as missing",
            stacklevel=4,
        )
    return np.where(np.isinf(came.made), np.nan, came.made)


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

    def score(typed: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
        predicted = answers(estimator, encode(typed, features["numeric"], levels), classes, by_place=by_place)
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
