"""Ranges of numbers in a config. Each has two ends: a number beyond them would fail or hang every check."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MOST_ROWS = 1_000_000_000_000
MOST_CHECKS = 10_000
# A hundred years, as for durations.
MOST_DAYS = 36_525
MOST_TIMES = 1_000_000
# As Linux has it, for a whole path in characters and for each of its parts in bytes.
LONGEST_PATH, LONGEST_PART = 4000, 255

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A seed that numpy, scikit-learn and XGBoost all take."""

Days = Annotated[float, Field(gt=0, le=MOST_DAYS)]
"""A number of days that can be counted back from any date."""

Share = Annotated[float, Field(ge=0, le=1)]
