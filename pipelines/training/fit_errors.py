"""Errors of the libraries during a fit, as `EstimatorError`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from driftloop.monitoring.errors import EstimatorError

PARAMS = "correct training.params (or training.search.space)"


@contextmanager
def translated(
    estimator: str, *, expected: str, remedy: str = PARAMS, short: Callable[[Exception], str] = str
) -> Iterator[None]:
    """Raise `EstimatorError` for what a fit in the block raises about its parameters or rows; `short` renders it."""
    try:
        yield
    except (TypeError, ValueError, np.linalg.LinAlgError) as error:
        message = f"it could not be fitted: {short(error)}"
        raise EstimatorError(estimator, message, expected=expected, remedy=remedy) from error
