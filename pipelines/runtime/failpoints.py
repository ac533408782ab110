"""Test hook: `DRIFTLOOP_KILL_AT=point` kills this process at that point, as a power cut would.

Unset, as everywhere except in tests/faults, it does nothing.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "DRIFTLOOP_KILL_AT"
# In the order of a check that retrains.
POINTS = (
    "claimed check",
    "read rows",
    "saved report",
    "wrote decision",
    "judged shadow",
    "claimed request",
    "fitted",
    "stored model",
    "wrote progress",
    "registered version",
    "loaded back",
    "pointed shadow",
    "moved previous",
    "moved champion",
    "left shadow",
    "settled request",
    "closed run",
    "closed check",
    "recorded check",
    "announced check",
)


def reach(point: str) -> None:
    """Test hook: kill the process at this point if it is requested."""
    assert point in POINTS, point
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
