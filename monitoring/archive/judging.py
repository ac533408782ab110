"""Comparison of archived models with the champion, by paired differences over labeled windows. Pure."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

# Half-life of a window's weight, in windows: the window before the newest counts a quarter.
HALF_LIFE = 0.5
DECAY = 0.5 ** (1 / HALF_LIFE)
# Windows that are compared; an older one would weigh less than half a percent.
MOST_WINDOWS = 4
# Windows that labels may be late: what is better on older rows need not be better on the rows of now.
MOST_LATE = 2
Name = TypeVar("Name", bound=Hashable)


class Scored(NamedTuple):
    """Mean loss of a model on the rows of one window, and the slowest waves of its losses."""

    loss: float
    waves: Sequence[float]


class Lead(NamedTuple):
    """Mean of the champion's loss minus a model's, with its standard error, over a number of windows."""

    difference: float
    error: float
    windows: int

    @property
    def significant(self) -> bool:
        """Return whether the model is better by more than one standard error."""
        return self.difference > self.error


def leads(windows: Sequence[Mapping[Name, Scored]], champion: Name) -> dict[Name, Lead]:
    """Return the lead of each model over the champion; `windows` are of the models by name, the newest first.

    Only models of the newest window are compared, each over the windows that have both. No window may have rows that
    either was trained on: begin after the training of the newest model. The mean decays by `HALF_LIFE`. Its standard
    error is that of the paired differences, window by window, independent of each other. A loss that is not finite is
    no evidence.

    >>> same = (0.0,)
    >>> windows = [{"new": Scored(2.0, same), "old": Scored(1.5, (0.1,))},
    ...            {"new": Scored(1.0, same), "old": Scored(1.5, (0.1,))}]
    >>> lead = leads(windows, "new")["old"]
    >>> round(lead.difference, 3), round(lead.error, 3), lead.windows, lead.significant
    (0.3, 0.082, 2, True)
    """
    if not windows or champion not in windows[0]:
        return {}
    return {
        name: _lead([(one[champion], one[name]) for one in windows[:MOST_WINDOWS] if champion in one and name in one])
        for name in windows[0]
        if name != champion
    }


def leader(found: Mapping[Name, Lead]) -> Name | None:
    """Return the model with the largest lead of those that are better by one standard error; None without one."""
    better = {name: lead for name, lead in found.items() if lead.significant}
    return max(better, key=lambda name: better[name].difference, default=None)


def _lead(pairs: Sequence[tuple[Scored, Scored]]) -> Lead:
    total = mean = variance = 0.0
    for place, (champion, other) in enumerate(pairs):
        difference = champion.loss - other.loss
        if not math.isfinite(difference):
            return Lead(0.0, math.inf, len(pairs))
        weight = DECAY**place
        total += weight
        mean += weight * difference
        variance += (weight * math.dist(champion.waves, other.waves)) ** 2
    return Lead(mean / total, math.sqrt(variance) / total, len(pairs))
