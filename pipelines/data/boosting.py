"""Training of xgboost on rows where they are: what an engine needs, and the rows that xgboost gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """Encoded rows with their labels as floats or places of classes, shape (n,), and their weights if there are any."""

    encoded: pd.DataFrame
    codes: NDArray[Any]
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Boosting:
    """A fit of xgboost: it can be sent to the workers of an engine.

    `model` is an unfitted XGBRegressor or XGBClassifier with all its parameters, `classes` the number of classes, 0 for
    numbers. `encode` returns the rows of a canonical frame as xgboost gets them; every piece has the same levels.
    """

    model: Any
    classes: int
    encode: Callable[[pd.DataFrame], Encoded]
