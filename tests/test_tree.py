"""Laws about the tree of modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(file for half in ("monitoring", "pipelines") for file in (ROOT / half).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 60


def length(node: ast.stmt) -> int:
    """The lines of a statement."""
    return int(node.end_lineno or node.lineno) - node.lineno + 1


def long_functions(source: str) -> dict[str, int]:
    """The functions of a module that are too long, with their lines. A docstring does not count."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node)
            if ast.get_docstring(node, clean=False) is not None:
                lines -= length(node.body[0])
            if lines > LONGEST_FUNCTION:
                found[node.name] = lines
    return found


def test_no_module_is_long() -> None:
    """A module of more than 300 lines is split by concern."""
    assert len(MODULES) > 200
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_no_function_is_long() -> None:
    """A function of more than 60 lines is split; its docstring does not count."""
    found = {str(file.relative_to(ROOT)): long_functions(file.read_text()) for file in MODULES}
    assert {name: functions for name, functions in found.items() if functions} == {}


@pytest.mark.parametrize(("body", "docstring", "long"), [(59, 0, False), (60, 0, True), (55, 9, False), (60, 9, True)])
def test_a_docstring_does_not_make_a_function_long(body: int, docstring: int, long: bool) -> None:
    """The definition and its statements count, the lines of the docstring do not."""
    text = '    """' + "words\n" * (docstring - 1) + '"""\n' if docstring else ""
    source = "def example():\n" + text + "    x = 1\n" * body
    assert (long_functions(source) == {"example": body + 1}) == long
