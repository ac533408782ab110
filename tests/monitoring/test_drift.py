"""Laws of the table of methods and of the verdict over scores."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from monitoring.drift import LEFT_OUT, METHODS, score, strain
from monitoring.errors import Unscored
from monitoring.records import ColumnReference


def column(name: str = "age", direction: str = "higher", threshold: float = 0.1) -> ColumnReference:
    method = "wasserstein" if direction == "higher" else "ks"
    return ColumnReference(
        name=name, role="feature", kind="numeric", null_share=0, distinct=9,
        method=method, threshold=threshold, direction=direction,
    )  # fmt: skip


def test_light() -> None:
    """The config reads the table of methods without paying for pandas, numpy or Evidently."""
    loaded = "import sys, monitoring.drift; print([m for m in ('pandas', 'numpy', 'evidently') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("direction", "at", "beyond"), [("higher", True, 0.11), ("lower", False, 0.09)])
def test_at_the_threshold(direction: str, at: bool, beyond: float) -> None:
    """A distance at its threshold is drift, a p-value at its threshold is not; beyond it both are."""
    told = column(direction=direction)
    assert score([told], {"age": 0.1})[0].drifted is at
    assert score([told], {"age": beyond})[0].drifted


@pytest.mark.parametrize("lost", [{}, {"b": math.nan}, {"b": math.inf}])
def test_nothing_unchecked(lost: dict[str, float]) -> None:
    """A column without a finite score is an error that names it, never a silent pass."""
    with pytest.raises(Unscored, match="'b'"):
        score([column("a"), column("b")], {"a": 0.0} | lost)


def test_order_over_methods() -> None:
    """What is further over its threshold comes first, whichever way its method points."""
    strains = [strain(0.2, 0.1, "higher"), strain(0.05, 0.2, "lower"), strain(0.0, 0.05, "lower")]
    assert strains == sorted(strains)
    assert strain(0.0, 0.0, "higher") == math.inf


def test_methods_are_consistent() -> None:
    """Every method tells its kinds, a threshold that its worst score crosses, and no method is both in and out."""
    for name, method in METHODS.items():
        assert method.name == name
        assert method.kinds
        crossed = method.worst >= method.default_threshold
        assert crossed if method.direction == "higher" else method.worst < method.default_threshold
    assert not set(METHODS) & set(LEFT_OUT)
