"""Laws of the table of methods and of the verdict over a score."""

from __future__ import annotations

import math
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.drift import methods
from driftloop.monitoring.drift.methods import (
    DEFAULTS,
    LEFT_OUT,
    METHODS,
    SHARES,
    direction,
    in_order,
    profile_method,
    strain,
    verdict,
)
from driftloop.monitoring.drift.methods.base import Method
from driftloop.monitoring.errors import Unscored
from driftloop.monitoring.records import ColumnReference, ColumnScore


def column(name: str = "age") -> ColumnReference:
    return ColumnReference(name=name, role="feature", kind="numeric", null_share=0, distinct=9, method="ks")


def scored(method: str, score: float, threshold: float) -> ColumnScore:
    return verdict(column(), method, score, threshold)


def test_light() -> None:
    """The config reads the table of methods without paying for pandas, numpy or Evidently."""
    heavy = "[m for m in ('pandas', 'numpy', 'evidently') if m in sys.modules]"
    loaded = f"import sys, driftloop.monitoring.config; print({heavy})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_score_at_its_threshold_is_drift_for_distances_only(score: float, threshold: float) -> None:
    """A distance drifts at its threshold and above, a p-value strictly below; a share is a distance."""
    assert scored("ks", score, threshold).drifted == (score >= threshold)
    assert scored("missing_share", score, threshold).drifted == (score >= threshold)
    assert scored("evidently:ks", score, threshold).drifted == (score < threshold)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_score_that_is_not_a_number_is_an_error(lost: float) -> None:
    """A column without a finite score is an error that names it, never a silent pass."""
    with pytest.raises(Unscored, match="'age'"):
        scored("ks", lost, 0.1)


def test_nothing_unchecked() -> None:
    """Scores come back in the order of the columns; one that is lost is an error that names it."""
    columns, scores = [column("a"), column("b")], [verdict(column(name), "ks", 0.0, 0.1) for name in "ba"]
    assert [one.name for one in in_order(columns, scores)] == ["a", "b"]
    with pytest.raises(Unscored, match="'b'"):
        in_order(columns, scores[1:])


def test_order_over_methods() -> None:
    """What is further over its threshold comes first, whichever way its method points."""
    strains = [
        strain(scored(*one)) for one in (("psi", 0.2, 0.1), ("evidently:ks", 0.05, 0.2), ("evidently:ks", 0.0, 0.05))
    ]
    assert strains == sorted(strains)
    assert strain(scored("evidently:ks", 0.0, 0.0)) == math.inf


@pytest.mark.parametrize("name", [*METHODS, *SHARES])
@given(st.floats(0, 100), st.floats(1e-12, 100), st.floats(0, 100))
def test_strain_agrees_with_the_verdict(name: str, score: float, threshold: float, other: float) -> None:
    """Of any method: what drifted is at its threshold or beyond, what did not is not; further is more."""
    one, another = scored(name, score, threshold), scored(name, other, threshold)
    assert strain(one) >= 1 if one.drifted else strain(one) <= 1
    further, nearer = sorted((one, another), key=lambda each: each.score, reverse=direction(name) == "higher")
    assert strain(further) >= strain(nearer)


def test_strain_of_what_could_not_be_computed() -> None:
    """It has no place in the order; a threshold of zero is exceeded by any score above."""
    known = {"name": "a", "role": "feature", "kind": "numeric", "method": "ks", "drifted": False}
    pairs = ((math.nan, 0.1), (0.1, math.nan), (0.1, 0.0), (0.0, 0.0))
    found = [strain(ColumnScore(score=score, threshold=threshold, **known)) for score, threshold in pairs]
    assert [str(one) for one in found] == ["nan", "nan", "inf", "0.0"]


def test_methods_are_consistent() -> None:
    """Ours have a floor and are calibrated; Evidently's have a threshold that their worst score crosses."""
    for name, method in METHODS.items():
        assert method.name == name
        assert method.kinds
        assert direction(name) == method.direction
        if method.own:
            assert (method.default_threshold, method.direction) == (None, "higher")
            assert method.floor > 0
        else:
            assert method.default_threshold is not None
            crossed = method.worst >= method.default_threshold
            assert crossed if method.direction == "higher" else method.worst < method.default_threshold
    assert not set(METHODS) & (set(LEFT_OUT) | set(SHARES))
    assert all(kind in METHODS[name].kinds and METHODS[name].own for kind, name in DEFAULTS.items())


FILES = [module.name for module in pkgutil.iter_modules(methods.__path__) if module.name != "base"]


@pytest.mark.parametrize("name", FILES)
def test_no_method_is_forgotten(name: str) -> None:
    """Every method that a file declares is in the table, under a name that no other file has."""
    module = import_module(f"{methods.__name__}.{name}")
    declared = [module.METHOD] if hasattr(module, "METHOD") else list(module.METHODS)
    assert declared, "declare a METHOD"
    missing = [method.name for method in declared if METHODS.get(method.name) is not method]
    assert missing == [], "add the module to METHODS in monitoring/drift/methods/__init__.py"
    assert declared[0].name == name or name == "evidently", "a file has the name of its method"


@pytest.mark.parametrize("name", FILES)
def test_methods_do_not_use_each_other(name: str) -> None:
    """A method is alone: what several need is in `base` or in the cells."""
    names = vars(import_module(f"{methods.__name__}.{name}")).values()
    homes = {getattr(one, "__module__", "") for one in names if callable(one) or isinstance(one, Method)}
    siblings = {f"{methods.__name__}.{other}" for other in FILES if other != name}
    assert not homes & siblings


def test_what_evidently_computes_has_no_profile() -> None:
    """To score one of Evidently's methods by profiles is a mistake, not a default."""
    with pytest.raises(TypeError, match="evidently:ks is not computed from profiles"):
        profile_method("evidently:ks")
