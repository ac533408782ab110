"""Fits by several workers of an engine: the fit starts again when one of them dies."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from driftloop.monitoring.errors import EngineUnavailable

R = TypeVar("R")

TRIES = 3
LOG = logging.getLogger(__name__)


class WorkerGone(Exception):
    """A worker of a fit is gone, and all others have to start again."""


def repeated(name: str, fit: Callable[[], R]) -> R:
    """Return the result of a fit that starts again after `WorkerGone`; EngineUnavailable after the third time.

    `name` is that of the engine, for messages.
    """
    reason = ""
    for _ in range(TRIES):
        try:
            return fit()
        except WorkerGone as error:
            reason = str(error)
            LOG.warning("%s: a fit starts again: %s", name, reason)
    raise EngineUnavailable(
        name,
        f"a worker died in each of {TRIES} fits, the last time: {reason}",
        "give the workers more memory, or find why they die",
    )


def is_collective(error: BaseException) -> bool:
    """Return whether xgboost reports that the workers of a fit lost one another.

    >>> is_collective(RuntimeError("[collective result: Failed to connect]"))
    True
    """
    return "collective" in str(error).lower()
