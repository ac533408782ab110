"""What a backtest has computed, on disk by content: one small file a model, plain numbers, no pickle."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.losses.performance import WAVES
from driftloop.pipelines.backtest.recalibrations import Recalibrated
from driftloop.pipelines.config import own_code
from driftloop.pipelines.runtime import home
from driftloop.pipelines.runtime.fingerprint import fingerprint
from driftloop.pipelines.training.as_adopted import provided
from driftloop.pipelines.training.recipe import AS_ADOPTED

if TYPE_CHECKING:
    from driftloop.pipelines.backtest.batches import Batches
    from driftloop.pipelines.config.project import Project
# How a model is made of its rows: another way is kept elsewhere.
MADE = "recipe of the rows before the holdout"


@dataclass(frozen=True)
class Row:
    """One model on all later batches: mean losses and their standard errors, the probe's loss on the next batch.

    `waves`, shape (later batches, WAVES), are the slowest waves of the losses on each batch. `metrics` has value, low
    and high of each metric that triggers read: shape (metrics, later, 3).
    `naive` is the mean loss on the next batch of the best constant of the rows that the model learned from.
    `recalibrated` are gains of its recalibrations, if they were measured.
    `impossible` is the reason why nothing could be trained; the numbers are NaN then.
    """

    loss: NDArray[np.float64]
    error: NDArray[np.float64]
    probe: float
    waves: NDArray[np.float64]
    naive: float = math.nan
    impossible: str = ""
    metrics: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0, 3)))
    recalibrated: Recalibrated | None = None


def folder(config: Project, batches: Batches, metrics: Sequence[str] = (), *, recalibrates: bool = False) -> Path:
    """The folder of all that is computed from these rows with these settings; any change of either gives another.

    `metrics` are those that are measured besides the loss; `recalibrates`: so are recalibrations.
    """
    training = config.training.model_dump_json(
        exclude={"threads", "search", "allow_pickle", "trusted_types", "timeout", "max_memory_mb"}
    )
    columns = config.columns
    parts = [
        *(batches.digest, config.task, config.loss.name, training, columns.model_dump_json(exclude={"rules"})),
        *(str((window.start, window.end)) for window in batches.windows),
        *(
            MADE,
            str(batches.first),
            str(batches.starts.tolist()),
            batches.labels.digest() if batches.labels else "",
            fingerprint(Row, config.training.estimator),
            _code(config),
            provided(config.model) or "" if config.training.estimator == AS_ADOPTED else "",
            *metrics,
            *(["recalibrations"] if recalibrates else []),
        ),
    ]
    key = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
    return home.home() / "backtests" / config.model / key


def save(place: Path, at: int, row: Row) -> None:
    """Write a row in one step: a reader sees all of it or nothing."""
    place.mkdir(parents=True, exist_ok=True)
    part = place / f"{at}.{os.getpid()}.part"
    with part.open("wb") as file:
        arrays = {"loss": row.loss, "error": row.error, "waves": row.waves, "impossible": np.array(row.impossible)}
        arrays["metrics"] = row.metrics
        if row.recalibrated is not None:
            arrays |= {"gains": row.recalibrated.gains, "gain_waves": row.recalibrated.waves}
        np.savez(file, probe=row.probe, naive=row.naive, allow_pickle=False, **arrays)
    part.replace(place / f"{at}.npz")


def load(place: Path, at: int, later: int, metrics: int = 0) -> Row | None:
    """Read a row over `later` batches with that many metrics; None if it is not there, or not whole."""
    try:
        with np.load(place / f"{at}.npz", allow_pickle=False) as kept:
            numbers: dict[str, Any] = {name: float(kept[name]) for name in ("probe", "naive")}
            reason = str(kept["impossible"])
            arrays: dict[str, Any] = {name: kept[name] for name in ("waves", "metrics")}
            if "gains" in kept:
                arrays["recalibrated"] = Recalibrated(kept["gains"], kept["gain_waves"])
            row = Row(kept["loss"], kept["error"], impossible=reason, **arrays, **numbers)
    except Exception:  # whatever is wrong with the file: the row is computed again
        return None
    whole = all(array.dtype == np.float64 and array.shape == (later,) for array in (row.loss, row.error))
    whole &= not metrics or row.metrics.shape == (metrics, later, 3)
    return row if whole and row.waves.shape == (later, WAVES) else None


def _code(config: Project) -> str:
    """Name the content of the user's own code, a training function or a loss, next to the YAML or installed."""
    installed = [name for name in own_code.modules(config) if own_code.source_file(name, config) is None]
    return own_code.code_digest(config) + "".join(map(_installed, installed))


def _installed(name: str) -> str:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""  # the fit, or the loss, reports that it cannot be imported
    there = found.origin if found else None
    return hashlib.sha256(Path(there).read_bytes()).hexdigest() if there and Path(there).is_file() else ""
