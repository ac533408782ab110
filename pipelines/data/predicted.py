"""Predictions of a model elsewhere that were read with the rows, counted: nine bytes per row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.quality.predicted import Predicted
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.scored import DISPUTED, NONE, Scores
from driftloop.pipelines.data.joined import EXAMPLES, Stamps, shown, stamps

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored


@dataclass(frozen=True)
class PredictedPart:
    """Some rows: when each was, in microseconds since 1970, and the state of its prediction; shapes (n,).

    `examples` are values that cannot be used, `ids` some rows without a prediction, both by state.
    """

    moments: Stamps
    states: NDArray[np.int8]
    examples: dict[int, str]
    ids: dict[int, list[str]]

    @classmethod
    def of(cls, scores: Scores, frame: pd.DataFrame, config: Monitored) -> PredictedPart:
        """Count the predictions of canonical rows."""
        keys = frame[list(config.columns.id)]
        ids = {state: shown(keys, scores.states == state) for state in (NONE, DISPUTED)}
        return cls(stamps(frame[config.columns.time]), scores.states, scores.examples, ids)


class PredictedRows:
    """All rows that were read, piece by piece."""

    def __init__(self) -> None:
        self._parts: list[PredictedPart] = []

    def add(self, part: PredictedPart) -> None:
        """Add more rows."""
        self._parts.append(part)

    def counted(self, window: Window) -> Predicted:
        """What preflight reports of the rows of a window; examples may be of other rows that were read."""
        start, end = (pd.Timestamp(moment).value // 1000 for moment in (window.start, window.end))
        states: Counter[int] = Counter()
        examples: dict[int, str] = {}
        ids: dict[int, list[str]] = {}
        for part in self._parts:
            inside = (part.moments >= start) & (part.moments < end)
            states.update(part.states[inside].tolist())
            examples |= {state: value for state, value in part.examples.items() if state not in examples}
            for state, some in part.ids.items():
                ids[state] = [*ids.get(state, []), *some][:EXAMPLES]
        return Predicted(sum(states.values()), states, examples, ids)
