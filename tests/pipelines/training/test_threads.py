"""Laws of the threads: as many as are free, at least one, and they sleep while they wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from driftloop.pipelines.training.threads import busy_cores, cores, free_threads


@pytest.mark.parametrize(("wanted", "given"), [(1, 1), (7, 7)])
def test_wanted_threads_are_given(wanted: int, given: int) -> None:
    """A number in the config is taken as it is."""
    assert free_threads(wanted) == given


def test_the_free_threads_are_between_one_and_all() -> None:
    """Whatever else runs, a fit gets a thread, and never more than there are cores."""
    assert 1 <= free_threads() <= cores() <= (os.cpu_count() or 1)


def test_busy_cores_are_left_unchanged() -> None:
    """Busy processes on every core are seen, and so only one thread that spins is left to a fit."""
    spin = "print('busy', flush=True)\nwhile True: pass"
    busy = [
        subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE, text=True)
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        for process in busy:
            assert process.stdout is not None
            assert process.stdout.readline() == "busy\n"
        assert cores() - round(busy_cores(0.5)) <= 0
    finally:
        for process in busy:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("policy", "loaded", "expected"),
    [(None, "sys", "passive True"), ("active", "sys", "active False"), (None, "sklearn", "None False")],
)
def test_threads_sleep_if_they_are_set_to_in_time(policy: str | None, loaded: str, expected: str) -> None:
    """`prepare` fills in what is not set, before the libraries load; after that it does not claim what is not so."""
    code = (
        f"import os, {loaded}; from driftloop.pipelines.training.threads import prepare; asleep = prepare()\n"
        "print(os.environ.get('OMP_WAIT_POLICY'), asleep)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": policy} if policy else {}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected


def test_few_rows_are_learned_by_one_thread() -> None:
    """A small fit is not shared over cores, unless the user states how many threads it takes."""
    assert free_threads(rows=1000) == 1
    assert free_threads(rows=10**6) == free_threads()
    assert free_threads(2, rows=1000) == 2
