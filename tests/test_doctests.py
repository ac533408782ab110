"""Examples in docstrings give what they show."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import driftloop.monitoring
import driftloop.pipelines

MODULES = [
    module.name
    for package in (driftloop.monitoring, driftloop.pipelines)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def test_there_are_examples() -> None:
    """The search finds the modules, and examples in them."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(import_module(name)) if test.examples]
    assert len(found) > 50


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Each example of the module gives the output next to it."""
    failed, _ = doctest.testmod(import_module(name))
    assert failed == 0
