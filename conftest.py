"""Tests keep the bytecode of what they import, whatever the environment says: a suite starts hundreds of processes.

Without it each of them compiles every library again: 38 seconds of a core for the imports of the tests, 13 with it.

Nor does Python search for garbage in what is imported and collected: two million objects, all of which stay.
"""

from __future__ import annotations

import gc
import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()


def pytest_collection_finish() -> None:
    """From now on only what tests make is searched, as rarely as the commands do it."""
    from driftloop.pipelines.runtime.memory import search_rarely

    gc.freeze()
    search_rarely()
    gc.enable()
