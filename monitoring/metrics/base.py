"""Interface of every metric: its YAML, its direction, and sums of blocks of rows from which it is computed.

A metric is shown next to the loss; nothing is trained by it. NumPy is imported where it is used, so that a config is
read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from driftloop.monitoring.records import Better
from driftloop.monitoring.settings.section import Section
from driftloop.monitoring.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int32]

NUMBERS: frozenset[Task] = frozenset({"regression"})
CLASSES: frozenset[Task] = frozenset({"binary", "multiclass"})
BINARY: frozenset[Task] = frozenset({"binary"})
# Distinct scores per row from which on the scores of a part are sorted instead of counted among all.
MOST_ABSENT = 4


class NotComputable(ValueError):
    """A metric has no value for these rows; the message gives the reason."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Labels and predictions of rows in order of time: arrays of shape (n,).

    For numbers `target` are the labels, `score` the predictions, and `decided` is empty. For classes `target` and
    `decided` are places in `classes` (of the label, k where the model does not know it, and of the predicted class);
    `score` is the probability of the second of two classes, otherwise that of the predicted class. `whole` are the rows
    that these are a part of, with the places there. `weights` are above 0; None counts every row as 1.
    """

    target: NDArray[Any]
    score: Floats
    decided: Places
    classes: tuple[str, ...] = ()
    weights: Floats | None = None
    whole: tuple[Pairs, NDArray[np.intp]] | None = None
    made: dict[str, NDArray[Any]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def by_score(self) -> tuple[Floats, NDArray[np.intp]]:
        """The distinct scores, rising, and for each row twice the place of its score, plus 1 for the second class."""
        import numpy as np

        order = np.argsort(self.score)
        scores = self.score[order]
        first = np.concatenate(([True], scores[1:] != scores[:-1]))
        cells = np.empty(len(order), dtype=np.intp)
        cells[order] = 2 * (np.cumsum(first) - 1)
        return scores[first], cells + (self.target == 1)

    @cached_property
    def ranked(self) -> tuple[Floats, Floats, Floats]:
        """Distinct scores, rising, with how many rows of the second class and of others have them.

        Scores are sorted once, for all the rows that these are a part of; some may have no row of a part.
        """
        import numpy as np

        whole, places = self.whole or (self, None)
        scores, cells = whole.by_score
        cells = cells if places is None else cells[places]
        if len(scores) > MOST_ABSENT * len(self):
            present, own = np.unique(cells >> 1, return_inverse=True)
            cells, scores = 2 * own + (cells & 1), scores[present]
        counts = cell_sums(cells, np.zeros(1, dtype=np.intp), 2 * len(scores), self.weights).reshape(-1, 2)
        rest, hits = np.ascontiguousarray(counts.T)
        return scores, hits, rest

    @cached_property
    def not_finite(self) -> int:
        """How many predictions are not finite."""
        import numpy as np

        if self.whole is not None and not self.whole[0].not_finite:
            return 0
        return len(self) - int(np.count_nonzero(np.isfinite(self.score)))

    def of_rows(self, key: str, make: Callable[[Pairs], NDArray[Any]]) -> NDArray[Any]:
        """Return values of these rows, shape (n,), which are computed once for all the rows that they are a part of."""
        whole, places = self.whole or (self, None)
        if key not in whole.made:
            whole.made[key] = make(whole)
        return whole.made[key] if places is None else whole.made[key][places]

    def part(self, places: NDArray[np.intp]) -> Pairs:
        """Return the rows at some places, each at most once."""
        decided = self.decided[places] if len(self.decided) else self.decided
        weights = None if self.weights is None else self.weights[places]
        whole = (self, places) if self.whole is None else (self.whole[0], self.whole[1][places])
        return Pairs(self.target[places], self.score[places], decided, self.classes, weights, whole)

    def at(self, order: NDArray[np.intp]) -> Pairs:
        """Return these rows in another order."""
        decided = self.decided[order] if len(self.decided) else self.decided
        weights = None if self.weights is None else self.weights[order]
        return Pairs(self.target[order], self.score[order], decided, self.classes, weights)


class Metric(Section, ABC):
    """One metric. Its fields are its YAML; `metric` is its name there.

    `tasks` are those it fits, `better` is its direction, and `low` and `high` are the ends of its range.
    """

    tasks: ClassVar[frozenset[Task]]
    better: ClassVar[Better]
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    metric: str

    @property
    def name(self) -> str:
        """The name in records, with the parameters that were given; `named` reads it back."""
        values = [getattr(self, name) for name in type(self).model_fields if name != "metric"]
        given = [f"{value:g}" for value in values if value is not None]
        return f"{self.metric}({', '.join(given)})" if given else self.metric

    def __str__(self) -> str:
        return self.name

    def fits(self, task: Task) -> bool:
        """Return whether the metric, with its parameters, fits a task."""
        return task in self.tasks

    def value(self, pairs: Pairs) -> float:
        """Return the metric of all rows, or raise `NotComputable`. There is at least one row."""
        import numpy as np

        sums = self.sums(pairs, np.zeros(1, dtype=np.intp))
        why = self.missing(sums[0], pairs)
        if why is not None:
            raise NotComputable(why)
        return float(self.of_sums(sums)[0])

    @abstractmethod
    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        """Return sums over the blocks of rows that begin at `starts`: shape (blocks, s). Sums of blocks add up."""

    @abstractmethod
    def of_sums(self, sums: Floats) -> Floats:
        """Return the metric of each row of sums, shape (b,); NaN where it cannot be computed."""

    @abstractmethod
    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        """Return why the metric cannot be computed from the sums of all rows, None if it can."""


class Confused(Metric):
    """A metric of the confusion matrix: sums of rows by label (k + 1 of them, the last unknown) and predicted class."""

    @property
    def decision(self) -> str:
        """The name of what `places` depends on besides the rows."""
        return "decided"

    def places(self, pairs: Pairs) -> Places:
        """Return the predicted class of every row."""
        return pairs.decided

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        k = len(pairs.classes)
        cells = pairs.of_rows(self.decision, lambda rows: matrix_cells(rows, self.places(rows)))
        return cell_sums(cells, starts, (k + 1) * k, pairs.weights)


class Ranked(Metric):
    """A metric of the order of the scores of two classes: sums of rows by class and bin of the score."""

    tasks = BINARY
    better = "higher"
    low, high = 0.0, 1.0

    def value(self, pairs: Pairs) -> float:
        from driftloop.monitoring.metrics.ranking import one_class

        if (why := one_class(pairs)) is not None:
            raise NotComputable(why)
        _, hits, rest = pairs.ranked
        return self.exact(hits, rest)

    @abstractmethod
    def exact(self, hits: Floats, rest: Floats) -> float:
        """Return the metric from the rows of the second class and of others at each distinct score, rising: (d,)."""

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        from driftloop.monitoring.metrics.ranking import ranked_sums

        return ranked_sums(pairs, starts)

    def missing(self, sums: Floats, pairs: Pairs) -> str | None:
        from driftloop.monitoring.metrics.ranking import one_class

        return one_class(pairs)


def matrix_sums(pairs: Pairs, decided: Places, starts: NDArray[np.intp]) -> Floats:
    """Return flattened confusion matrices of blocks, shape (blocks, (k + 1) k), by label and predicted class."""
    k = len(pairs.classes)
    return cell_sums(matrix_cells(pairs, decided), starts, (k + 1) * k, pairs.weights)


def matrix_cells(pairs: Pairs, decided: Places) -> NDArray[np.intp]:
    """Return the cell of every row in a flattened confusion matrix."""
    import numpy as np

    cells: NDArray[np.intp] = pairs.target.astype(np.intp) * len(pairs.classes) + decided
    return cells


def cell_sums(cells: NDArray[Any], starts: NDArray[np.intp], size: int, weights: Floats | None) -> Floats:
    """Return the rows, or the sums of their weights, by block and cell: shape (blocks, size).

    `cells` are those of the rows, from 0 to before `size`; `starts` are the places where blocks begin.
    """
    import numpy as np

    if len(starts) > 1:
        block = np.zeros(len(cells), dtype=np.int64)
        block[starts[1:]] = 1
        cells = np.cumsum(block) * size + cells
    counts = np.bincount(cells, weights=weights, minlength=len(starts) * size)
    made: Floats = counts.reshape(len(starts), size).astype(np.float64)
    return made


def block_sums(pairs: Pairs, columns: Sequence[Floats], starts: NDArray[np.intp]) -> Floats:
    """Return the weight of blocks and the weighted sums of columns over them, shape (blocks, 1 + columns)."""
    import numpy as np

    weights = np.ones(len(pairs)) if pairs.weights is None else pairs.weights
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [weights, *(column if pairs.weights is None else weights * column for column in columns)]
        return np.column_stack([np.add.reduceat(part, starts) for part in parts])
