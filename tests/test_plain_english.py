"""Documents, help and config are in plain English; in docstrings and messages the listed words only become fewer."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.plain_english import HALVES, INSTEAD, ROOT, allowed, counts, found_in, lowered, prose, texts

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_no_word_of_the_list(page: Path) -> None:
    """Every page, the generated ones for commands and config included, avoids the listed words."""
    assert not found_in(prose(page))


def test_code_has_no_more_of_these_words_than_allowed() -> None:
    """Docstrings and messages keep to the counts of the allowance, which shrink as texts are rewritten."""
    limits = allowed()
    more = [
        f"{kind}: {count} x {word!r}, {limits[kind].get(word, 0)} allowed; write {INSTEAD[word]}"
        for kind, words in counts().items()
        for word, count in words.items()
        if count > limits[kind].get(word, 0)
    ]
    assert not more


def test_shares_and_intervals_have_one_spelling() -> None:
    """`28.0%` without a space and `95% CI`, in documents, code and templates: one thing is written in one way.

    Texts of tests are left out: some hold what users write.
    """
    folders = ["docs", "benchmarks", *HALVES]
    files = [file for name in folders for kind in ("md", "py", "j2") for file in (ROOT / name).rglob(f"*.{kind}")]
    found = {
        f"{file.relative_to(ROOT)}: {match.group()!r}"
        for file in (ROOT / "README.md", *files)
        for match in re.finditer(
            r"(?:(?<![\w.])\d[\d.,]*|\}) %(?!\})|95 ?% interval|proven better", file.read_text("utf-8")
        )
    }
    assert found == set()


@pytest.mark.parametrize("half", ["tests", "benchmarks"])
def test_docstrings_of_tests_and_benchmarks_have_no_word_of_the_list(half: str) -> None:
    """Who reads a test to learn what is promised reads the same English as in the product."""
    assert [word for text in texts("docstrings", [half]) for word in found_in(text)] == []


def test_no_test_has_a_word_of_the_list_in_its_name() -> None:
    """The name of a test is the law that it proves; docs and reports of CI show it."""
    names = [
        node.name
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [(name, word) for name in names for word in found_in(name.replace("_", " "))] == []


def test_no_name_of_the_old_dialect() -> None:
    """`told`, `seen`, `said` and `bent` name nothing: a variable has the noun of what it holds."""
    old = {"told", "seen", "said", "bent", "anew", "heed"}
    trees = [
        ast.parse(file.read_text())
        for half in (*HALVES, "tests", "benchmarks", "docs")
        for file in (ROOT / half).rglob("*.py")
    ]
    bound = [node for tree in trees for node in ast.walk(tree)]
    assert not old & {node.id for node in bound if isinstance(node, ast.Name)}
    assert not old & {node.arg for node in bound if isinstance(node, ast.arg)}
    assert not old & {node.attr for node in bound if isinstance(node, ast.Attribute)}
    assert not old & {
        node.name.strip("_").lower() for node in bound if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("kind", ["docstrings", "messages"])
def test_monitoring_has_no_word_of_the_list(kind: str) -> None:
    """No docstring and no message of monitoring has a listed word."""
    assert [word for text in texts(kind, ["monitoring"]) for word in found_in(text)] == []


def test_the_allowance_never_grows() -> None:
    """A count above its limit leaves the limit, a count below lowers it, and a new word gets no allowance."""
    limits = {"docstrings": {"told": 5, "anew": 3}}
    present = {"docstrings": {"told": 7, "anew": 1, "mend": 2}}
    assert lowered(present, limits) == {"docstrings": {"told": 5, "anew": 1, "mend": 0}}


def test_words_are_found_in_prose_only() -> None:
    """A listed word is found with its advice, also across a line break; part of another word is not."""
    assert found_in("What was told\nis retold.") == ["'told': write report, show, message"]
    assert found_in("held\nagainst it") == ["'held against': write compared with, next to, alongside"]
    assert not found_in("retold, dearth")
