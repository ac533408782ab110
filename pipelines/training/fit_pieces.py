"""xgboost fitted on rows that come in pieces: the same model, bit by bit, as on one frame of these rows in this order.

The rows are never in memory together: xgboost's own iterator reads them several times and keeps one byte per value
(`QuantileDMatrix`), or keeps these in a file as well (`ExtMemQuantileDMatrix`). Every piece must have the same levels
in the same order: xgboost accepts other ones without an error, and learns a wrong model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import xgboost

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.data.boosting import Encoded
from driftloop.pipelines.runtime import memory

Pieces = Callable[[], Iterator[Encoded]]


class _Iterator(xgboost.DataIter):
    def __init__(self, pieces: Pieces, cache: str | None) -> None:
        self._pieces = pieces
        self._now = pieces()
        super().__init__(cache_prefix=cache, release_data=True)

    def reset(self) -> None:
        self._now = self._pieces()

    def next(self, input_data: Callable[..., Any]) -> bool:
        piece = next(self._now, None)
        if piece is None:
            return False
        input_data(data=piece.encoded, label=piece.codes, weight=piece.weights)
        return True


def matrix(model: Any, pieces: Pieces, cache: Path | None = None, ref: Any = None) -> Any:
    """Quantize the rows as `model`, an unfitted XGBRegressor or XGBClassifier, would.

    With `cache`, a folder that outlives the matrix, the quantized values are kept in a file there. Rows to validate on
    take the cuts of the training rows, `ref`.
    """
    kind = xgboost.QuantileDMatrix if cache is None else xgboost.ExtMemQuantileDMatrix
    given: dict[str, Any] = {} if ref is None else {"ref": ref}
    given |= {} if model.max_bin is None else {"max_bin": model.max_bin}
    return kind(
        _Iterator(pieces, None if cache is None else str(cache / "rows")),
        enable_categorical=True,
        missing=model.missing,
        nthread=model.n_jobs,
        **given,
    )


def fit_pieces(model: Any, pieces: Pieces, classes: int, cache: Path | None = None) -> Any:
    """Return `model` fitted on all pieces, without early stopping; `classes` is their number, 0 for numbers.

    With `cache`, a folder, the quantized rows are kept in a file there, which is gone afterwards.
    """
    rounds, params = model.get_num_boosting_rounds(), streamable(model, classes)
    if cache is None:
        rows = matrix(model, pieces)
        booster = xgboost.train(params, rows, rounds)
        del rows
    else:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="training-") as folder:
            rows = matrix(model, pieces, Path(folder))
            booster = xgboost.train(params, rows, rounds)
            del rows  # xgboost warns of a cache that goes first
    model.load_model(bytearray(booster.save_raw("ubj")))
    del booster
    memory.give_back()
    return model


def streamable(model: Any, classes: int) -> dict[str, Any]:
    """Return the `parameters` of a model; `EstimatorError` for those that need all rows in the memory of a process."""
    params = parameters(model, classes)
    if params.get("tree_method", "hist") not in {"hist", "auto"} or params.get("booster") == "gblinear":
        raise EstimatorError(
            "xgboost",
            f"tree_method {params.get('tree_method')} with booster {params.get('booster') or 'gbtree'} needs all rows "
            "in memory",
            expected="tree_method: hist and booster: gbtree or dart for rows that are read from disk",
            remedy="remove them from training.params, or set training.max_rows or a larger training.memory_mb",
        )
    return params


def parameters(model: Any, classes: int) -> dict[str, Any]:
    """Return the parameters of a model as its own `fit` hands them to the booster for this number of classes."""
    params: dict[str, Any] = model.get_xgb_params()
    if classes > 2:
        if params.get("objective") != "multi:softmax":
            params["objective"] = "multi:softprob"
        params["num_class"] = classes
    return params
