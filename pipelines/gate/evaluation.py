"""Input of the gate: held-out rows with key, time and columns, and the loss of every model on each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from driftloop.monitoring.records import FairnessGap, MetricValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Opponent = Literal["champion", "naive baseline"]
TIMED_ROWS = 1000
Model = Literal["challenger", "champion", "naive baseline"]


class SliceLosses(NamedTuple):
    """Losses of both models on the rows of a slice, in order of time, shape (n,). Their means are the losses there."""

    name: str
    challenger: Floats
    champion: Floats


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Rows that neither model was trained on, in order of time; every array has shape (n,).

    `losses` holds the challenger's and those of its opponents; without a champion the naive baseline is the opponent.
    `keys` are hashes of a row's content, `times` are in UTC, `columns` are features and target by name. `leaks` names
    the features that reveal the target. `seconds` is the time in which a model predicts 1,000 rows, measured where
    the config limits it and there is a champion. `metrics` are the challenger's, by name. `slices` are those of the
    config that have rows, where a rule compares them and there is a champion. `fairness` are the challenger's gaps.
    Under weights `effective_rows` is how many rows of equal weight these are worth; the mean of the losses is the
    weighted loss. `classes` are the rows of each class that the challenger knows, none for numbers.
    """

    losses: Mapping[Model, Floats]
    keys: NDArray[np.uint64]
    times: NDArray[np.datetime64]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    loss_name: str = "error"
    seconds: Mapping[Model, float] = field(default_factory=dict)
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    slices: tuple[SliceLosses, ...] = ()
    fairness: tuple[FairnessGap, ...] = ()
    effective_rows: float | None = None
    classes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = {name: values.shape for name, values in self.losses.items()}
        if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise ValueError(f"losses of the same rows are compared, found shapes {shapes}")
        rows = {"keys": self.keys, "times": self.times, **self.columns}
        if stray := {name: values.shape for name, values in rows.items() if values.shape != (self.rows,)}:
            raise ValueError(f"{self.rows} rows have losses, found shapes {stray}")
        if uneven := [each.name for each in self.slices if each.challenger.shape != each.champion.shape]:
            raise ValueError(f"losses of the same rows are compared, found other rows in {', '.join(uneven)}")
        if "challenger" not in self.losses or len(self.losses) < 2:
            raise ValueError(f"a challenger and an opponent are compared, found losses of {', '.join(self.losses)}")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.losses.values())))

    @property
    def opponent(self) -> Opponent:
        """Model that the challenger has to beat."""
        return "champion" if "champion" in self.losses else "naive baseline"

    @property
    def tied(self) -> bool:
        """Whether challenger and opponent have the same loss on every row."""
        return bool((self.losses["challenger"] == self.losses[self.opponent]).all())

    @property
    def differences(self) -> Floats:
        """Opponent's loss minus the challenger's, row by row: positive where the challenger is better."""
        return self.losses[self.opponent] - self.losses["challenger"]

    def mean(self, model: Model) -> float:
        """Return the mean loss of a model."""
        return float(self.losses[model].mean())

    def not_finite(self, model: Model) -> int:
        """Count the rows on which the loss of a model is not a finite number."""
        import numpy as np

        return int((~np.isfinite(self.losses[model])).sum())

    def known_mean(self, model: Model) -> float | None:
        """Return the mean loss of a model; None without rows, without that model, or if a loss is not finite."""
        if not self.rows or model not in self.losses or self.not_finite(model):
            return None
        return self.mean(model)
