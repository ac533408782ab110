"""Interface of every metric: its YAML, its direction, and sums of blocks of rows from which it is computed.

A metric is shown next to the loss; nothing is trained by it. NumPy is imported where it is used, so that a config is
read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
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

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def ranked(self) -> tuple[Floats, Floats, Floats]:
        """The distinct scores, rising, with how many rows of the second class and of others have them; sorted once."""
        import numpy as np

        order = self.by_score
        scores, hit = self.score[order], self.target[order] == 1
        last = np.append(np.flatnonzero(scores[1:] != scores[:-1]), len(scores) - 1)
        if self.weights is None:
            hits = np.diff(np.cumsum(hit)[last], prepend=0)
            rest = np.diff(last, prepend=-1) - hits
            return scores[last], hits.astype(np.float64), rest.astype(np.float64)
        first = np.concatenate(([0], last[:-1] + 1))
        weights = self.weights[order]
        return scores[last], np.add.reduceat(weights * hit, first), np.add.reduceat(weights * ~hit, first)

    @cached_property
    def by_score(self) -> NDArray[np.intp]:
        """The places of the rows by rising score; those of a part follow from those of the whole, without sorting."""
        import numpy as np

        if self.whole is None:
            return np.argsort(self.score)
        whole, places = self.whole
        inside = np.zeros(len(whole), dtype=np.bool_)
        inside[places] = True
        mine = np.empty(len(whole), dtype=np.intp)
        mine[places] = np.arange(len(places))
        return mine[whole.by_score[inside[whole.by_score]]]

    def part(self, places: NDArray[np.intp]) -> Pairs:
        """Return the rows at some places, each at most once."""
        decided = self.decided[places] if len(self.decided) else self.decided
        weights = None if self.weights is None else self.weights[places]
        return Pairs(self.target[places], self.score[places], decided, self.classes, weights, (self, places))

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

    def places(self, pairs: Pairs) -> Places:
        """Return the predicted class of every row."""
        return pairs.decided

    def sums(self, pairs: Pairs, starts: NDArray[np.intp]) -> Floats:
        return matrix_sums(pairs, self.places(pairs), starts)


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
    import numpy as np

    k = len(pairs.classes)
    block = np.zeros(len(pairs), dtype=np.int64)
    block[starts[1:]] = 1
    cells = np.cumsum(block) * ((k + 1) * k) + pairs.target.astype(np.int64) * k + decided
    counts = np.bincount(cells, weights=pairs.weights, minlength=len(starts) * (k + 1) * k)
    made: Floats = counts.reshape(len(starts), (k + 1) * k).astype(np.float64)
    return made


def block_sums(pairs: Pairs, columns: Sequence[Floats], starts: NDArray[np.intp]) -> Floats:
    """Return the weight of blocks and the weighted sums of columns over them, shape (blocks, 1 + columns)."""
    import numpy as np

    weights = np.ones(len(pairs)) if pairs.weights is None else pairs.weights
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [weights, *(column if pairs.weights is None else weights * column for column in columns)]
        return np.column_stack([np.add.reduceat(part, starts) for part in parts])
