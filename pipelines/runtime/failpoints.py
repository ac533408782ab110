"""A hook for the tests that kill: `DRIFTLOOP_KILL_AT=point` ends this process there, as a power cut would.

Unset, as everywhere but in tests/faults, it does nothing.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "DRIFTLOOP_KILL_AT"
# In the order in which a check that retrains comes to them.
POINTS = (
    "claimed check",
    "read rows",
    "saved report",
    "wrote decision",
    "claimed request",
    "fitted",
    "stored model",
    "wrote progress",
    "registered version",
    "loaded back",
    "moved previous",
    "moved champion",
    "settled request",
    "closed run",
    "closed check",
    "recorded check",
    "announced check",
)


def reach(point: str) -> None:
    """Die here, if that was asked for."""
    assert point in POINTS, point
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
