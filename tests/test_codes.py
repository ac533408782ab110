"""Laws of every code: what the code base raises is declared, what is declared is raised, and each is explained."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from docs.generate import finding_codes
from driftloop.monitoring.errors import BadData, Impossible
from driftloop.monitoring.quality.preflight import NOT_COMPARED
from driftloop.monitoring.quality.unreadable import BY_NAME, unreadable
from driftloop.monitoring.records import FindingCode, Outcome
from driftloop.pipelines.gate import Gate
from driftloop.pipelines.registry.promotion import Ended
from driftloop.pipelines.requests.ends import (
    AFTERWARDS,
    ENDS,
    GATE,
    IMPOSSIBLE,
    NOT_RECALIBRATED,
    PENDING,
    first_outcome,
)

ROOT = Path(__file__).resolve().parents[1]
FILES = [file for top in ("monitoring", "pipelines") for file in sorted((ROOT / top).rglob("*.py"))]
DECLARES = ROOT / "monitoring" / "records" / "finding_codes.py"
CODES = finding_codes()


@functools.cache
def nodes() -> list[tuple[Path, ast.AST]]:
    return [(file, node) for file in FILES for node in ast.walk(ast.parse(file.read_text("utf-8")))]


def called(node: ast.AST) -> str | None:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def test_every_finding_has_a_declared_code() -> None:
    """A finding is made by its declared code and nowhere else, so none is without an explanation."""
    stray = [f"{file.relative_to(ROOT)}:{node.lineno}" for file, node in nodes() if called(node) == "Finding"]  # type: ignore[attr-defined]
    assert [place for place in stray if not place.startswith(str(DECLARES.relative_to(ROOT)))] == []


def test_every_declared_code_is_raised() -> None:
    """A code that nothing raises is not declared."""
    declared, used = {}, set()
    for _, node in nodes():
        if isinstance(node, ast.Assign) and called(node.value) == "FindingCode":
            (name,) = (one.value for one in node.value.keywords if one.arg == "name")  # type: ignore[attr-defined]
            declared[ast.unparse(node.targets[0])] = ast.literal_eval(name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
    assert set(declared.values()) == {code.name for code in CODES}, "declare codes as constants of a module"
    assert {constant: name for constant, name in declared.items() if constant != name.upper()} == {}
    assert set(declared) - used == set()


def test_nothing_depends_on_the_spelling_of_a_code() -> None:
    """Where a code is compared, it is with a declared one and not with text."""
    by_text = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file, node in nodes()
        if isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Attribute)
        and node.left.attr == "code"
        and any(isinstance(one, ast.Constant | ast.Set | ast.Tuple) for one in node.comparators)
    ]
    assert by_text == []


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_finding_is_explained(code: FindingCode) -> None:
    """Meaning, cause and remedy are there; only a declared severity is accepted, and of several one must be given."""
    assert all([code.meaning, code.cause, code.remedy])
    assert not any(text.endswith(".") for text in (code.meaning, code.cause, code.remedy))
    assert len(set(code.severities)) == len(code.severities) > 0
    found = code.found("it is so", severity=code.severities[-1], column="a")
    assert (found.code, found.severity, found.column) == (code.name, code.severities[-1], "a")
    for severity in {"info", "warning", "error", "fatal"} - set(code.severities):
        with pytest.raises(ValueError, match=code.name):
            code.found("it is so", severity=severity)  # type: ignore[arg-type]
    if len(code.severities) > 1:
        with pytest.raises(ValueError, match=code.name):
            code.found("it is so")


def test_families_do_not_use_each_other() -> None:
    """A family of findings is alone; preflight calls them all."""
    imports: dict[str, set[str]] = {}
    families = set()
    for file, node in nodes():
        if file.parent == ROOT / "monitoring" / "quality":
            if isinstance(node, ast.ImportFrom):
                imports.setdefault(file.stem, set()).add((node.module or "").rpartition(".")[2])
            if called(node) == "FindingCode":
                families.add(file.stem)
    assert len(families) > 5
    assert {file: imports[file] & families for file in families if imports[file] & families} == {}


def test_what_cannot_be_compared_is_declared() -> None:
    """Preflight excludes the columns whose code states that nothing of them can be compared."""
    assert {code.name for code in CODES if not code.compared} == NOT_COMPARED


def kinds_of(error: type[BadData]) -> Iterator[type[BadData]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds_of(kind)


def test_every_error_of_the_data_becomes_a_finding() -> None:
    """Each kind of `BadData` has a declared code, and each of these codes has an error."""
    assert {kind.code for kind in kinds_of(BadData)} == set(BY_NAME)
    error = BadData("rows are broken", expected="whole rows", remedy="write them again")
    assert (unreadable(error).code, unreadable(error).message) == ("bad_data", "rows are broken")


def test_every_end_of_a_retrain_is_explained() -> None:
    """The gate's answers, what makes a training impossible, and what becomes of a challenger later, and no more."""
    assert set(GATE) == {answer.code for answer in Gate.answers}
    assert set(IMPOSSIBLE) == set(get_args(Impossible))
    assert set(AFTERWARDS) | {"champion_changed"} == {*(*get_args(Ended), *PENDING, NOT_RECALIBRATED)}
    assert all(end.meaning for end in ENDS.values())
    assert first_outcome("a code of another version") is Outcome.REJECTED


def test_every_end_is_reached() -> None:
    """A code by which no retrain ends is not declared."""
    texts = {node.value for _, node in nodes() if isinstance(node, ast.Constant)}
    raised = {
        part.value
        for _, node in nodes()
        if called(node) == "TrainingImpossible"
        for part in ast.walk(node.args[0])  # type: ignore[attr-defined]
        if isinstance(part, ast.Constant)
    }
    assert raised == set(get_args(Impossible))
    assert set(get_args(Ended)) <= texts
