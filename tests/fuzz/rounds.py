"""Rounds of a fuzz test: as many as fit into its time, each from a seed of its own that a failure prints.

`DRIFTLOOP_FUZZ_SECONDS` is the time of all fuzz tests together, `DRIFTLOOP_FUZZ_SEED` where they start, and
`DRIFTLOOP_FUZZ_ROUND` runs one round again.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any

SECONDS = float(os.environ.get("DRIFTLOOP_FUZZ_SECONDS", "20"))
SEED = os.environ.get("DRIFTLOOP_FUZZ_SEED", "1")
ONLY = os.environ.get("DRIFTLOOP_FUZZ_ROUND")
TESTS = 3
# A round takes milliseconds; what takes this much of a processor has no end that a user would wait for.
LONGEST = 20.0
SHOWN = 6000


def fuzz(name: str, make: Callable[[random.Random], Any], check: Callable[[Any], None]) -> None:
    """Make an input and check it, round after round; the first failure ends the test with its seed and its input."""
    until = time.monotonic() + SECONDS / TESTS
    rounds = [int(ONLY)] if ONLY else count(1)
    for at in rounds:
        made = make(random.Random(f"{SEED}/{name}/{at}"))
        begun = time.thread_time()
        try:
            check(made)
            took = time.thread_time() - begun
            assert took < LONGEST, f"it took {took:.0f} s of a processor"
        except BaseException as error:
            again = f"DRIFTLOOP_FUZZ_SEED={SEED} DRIFTLOOP_FUZZ_ROUND={at} python -m pytest tests/fuzz -k {name}"
            shown = repr(made) if not isinstance(made, str) else made
            found = f"{type(error).__name__}: {str(error)[:500]}"
            raise AssertionError(f"round {at} of seed {SEED}: {found}\nagain: {again}\n{shown[:SHOWN]}") from error
        if time.monotonic() > until:
            break
