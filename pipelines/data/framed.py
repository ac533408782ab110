"""Canonical rows as one frame in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd


@dataclass(frozen=True)
class Canonical:
    """Canonical rows in order of time, with the names and types of the source's columns.

    `rows` is their frame, or a function that returns it: `frame` calls it once, when it is first read.
    """

    rows: pd.DataFrame | Callable[[], pd.DataFrame]
    source_types: dict[str, str]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows in memory."""
        return self.rows if isinstance(self.rows, pd.DataFrame) else self.rows()
