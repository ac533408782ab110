"""Laws of the race of drift scores: what is measured is real, what cannot be measured is stated."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.drift_speed import Measured, Shape, measure, prepare, ratio, show
from driftloop.monitoring.profiles import load

TINY = Shape("tiny", 500, numbers=6, labels=5)


def test_a_contender_is_measured_in_its_own_process(tmp_path: Path) -> None:
    """Ours scores the file it is given in a process of its own and reports time, work, memory and version."""
    prepare(tmp_path, TINY)
    assert load(tmp_path / "profile.npz").rows == 500
    result = measure("driftloop", sys.executable, tmp_path, 60.0)
    assert isinstance(result, dict)
    assert {"seconds", "cpu_seconds", "peak_mb", "version"} <= set(result)
    assert str(result["version"]).startswith("driftloop ")


def test_a_failure_is_reported_in_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A contender that fails gives its last line of complaint, and the table shows it instead of figures."""
    trouble = measure("decode", sys.executable, tmp_path / "nowhere", 60.0)
    assert isinstance(trouble, str)
    assert "nowhere" in trouble
    good = Measured([1.0, 2.0], [1.0, 1.0], [5.0, 6.0])
    show(
        TINY,
        {"decode": good, "driftloop": Measured([2.0, 3.0], [1.0, 1.0], [5.0, 9.0]), "lost": Measured(trouble="no")},
    )
    rows = capsys.readouterr().out.splitlines()
    assert rows[3:] == ["| driftloop | 2.500 | 1.000 | 9 | 1.75 / 1.00 | 1.00 / 1.00 |", "| lost | no | | | | |"]


def test_ratios_are_taken_round_by_round() -> None:
    """The ratio is the median over the rounds that both ran, not a ratio of medians."""
    assert ratio([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == 2.0
    assert ratio([8.0], [2.0, 100.0]) == 4.0
