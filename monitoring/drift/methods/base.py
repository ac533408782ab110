"""The interface of drift methods. It declares; arithmetic imports numpy where it runs, so that a config stays light."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.records import Kind

if TYPE_CHECKING:
    from driftloop.monitoring.drift.calibration import Chance
    from driftloop.monitoring.drift.cells import Floats
    from driftloop.monitoring.profiles import Profile

Direction = Literal["higher", "lower"]
NUMERIC: frozenset[Kind] = frozenset({"numeric"})
CATEGORICAL: frozenset[Kind] = frozenset({"categorical"})
BOTH = NUMERIC | CATEGORICAL
EVIDENTLY = "evidently:"


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to score a column: "higher" is a distance, "lower" a p-value.

    `worst` is the score of a column with values on one side only.
    """

    name: str
    kinds: frozenset[Kind]
    meaning: str
    floor: float = 0.0
    direction: Direction = "higher"
    default_threshold: float | None = None
    worst: float = math.inf

    @property
    def own(self) -> bool:
        """Whether it is computed from profiles, and not by Evidently from a sample of the rows."""
        return isinstance(self, ProfileMethod)

    @property
    def none(self) -> float:
        """The score of two equal sides."""
        return 0.0 if self.direction == "higher" else 1.0


@dataclass(frozen=True, kw_only=True)
class ProfileMethod(Method, ABC):
    """A distance between the profiles of all rows; its threshold is calibrated unless the config has a number.

    `floor` is the least calibrated threshold. `quadratic`: the score grows with the square of a small shift, which
    gives the tail of its null distribution another shape. `bound` is the score of two sides that share no value, where
    that is one number. `in_groups`: numbers are compared in groups of the reference's, not in all of its cells.
    """

    floor: float
    quadratic: bool
    bound: float | None
    in_groups: bool

    @abstractmethod
    def score(self, old: Profile, new: Profile, max_levels: int) -> float:
        """How far `new` is from `old`, the reference, whose cells both are counted in."""

    @abstractmethod
    def draws(self, chance: Chance, reference: Profile, rows: float, max_levels: int, rough: bool) -> Floats:
        """Scores without drift, drawn from the reference, for `rows` current rows."""


@dataclass(frozen=True, kw_only=True)
class Divergence(ProfileMethod):
    """A sum over cells: `between` takes counts (..., k) of both sides, missing values first, new levels last."""

    between: Callable[[Floats, Floats], Floats]

    def score(self, old: Profile, new: Profile, max_levels: int) -> float:
        """Score the folded counts of both sides."""
        from driftloop.monitoring.drift.cells import Folding

        cells = Folding.of(old, max_levels, in_groups=self.in_groups)
        return float(self.between(cells.fold(old), cells.fold(new)))

    def draws(self, chance: Chance, reference: Profile, rows: float, max_levels: int, rough: bool) -> Floats:
        """Score drawn counts of both sides."""
        from driftloop.monitoring.drift.cells import Folding

        cells = Folding.of(reference, max_levels, in_groups=self.in_groups)
        return chance.folded(self.name, self.between, cells, reference, rows, rough)


@dataclass(frozen=True, kw_only=True)
class EvidentlyMethod(Method):
    """A method of Evidently's, on a sample of the rows: it cannot be calibrated, and has a threshold of its own.

    `worst` is the method's own extreme where there is one, ten standard deviations of the reference for the unbounded
    distances.
    """

    direction: Direction
    default_threshold: float
    worst: float
