"""Tests keep the bytecode of what they import, whatever the environment says: a suite starts hundreds of processes.

Without it each of them compiles every library again: 38 seconds of a core for the imports of the tests, 13 with it.
"""

from __future__ import annotations

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
