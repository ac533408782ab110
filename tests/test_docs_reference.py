"""Reference pages and the map of the code name what is there: environment variables, outcomes, rooms, terms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.runtime import home

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")


def constants(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def variables() -> set[str]:
    """Names that look like an environment variable of driftloop, its tests, Prefect or MLflow, and its defaults."""
    ours = re.compile(r"(?:DRIFTLOOP|PREFECT|MLFLOW|OMP)_[A-Z0-9_]*[A-Z0-9]")
    named = {text for half in ("monitoring", "pipelines") for text in constants(ROOT / half) if ours.fullmatch(text)}
    prefixes = ("DRIFTLOOP_TESTS", "DRIFTLOOP_FUZZ_")
    tests = {text for text in constants(ROOT / "tests") if text.startswith(prefixes) and ours.fullmatch(text)}
    return named | tests | set(home.QUIET) | set(home.EMBEDDED_PREFECT)


def read_from_environment() -> set[str]:
    """Names that the code reads or sets by `os.environ`."""
    access = re.compile(r"environ(?:\.get|\.setdefault|\.pop)?[\[(]\s*\"(\w+)\"")
    files = [file for half in ("monitoring", "pipelines") for file in (ROOT / half).rglob("*.py")]
    return {name for file in files for name in access.findall(file.read_text("utf-8"))}


def on_the_page() -> set[str]:
    page = (ROOT / "docs" / "environment.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for cell in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}


def test_every_environment_variable_of_the_code_is_on_its_page() -> None:
    """What the code reads, sets or passes on is in a table of docs/environment.md."""
    assert len(variables()) > 20
    assert (variables() | read_from_environment()) - on_the_page() == set()


def test_the_page_names_no_variable_of_driftloop_that_is_gone() -> None:
    """A variable of driftloop on the page exists in the code, and every default is the one that the code sets."""
    ours = {name for name in on_the_page() if name.startswith("DRIFTLOOP_")}
    assert ours <= variables()
    page = (ROOT / "docs" / "environment.md").read_text("utf-8")
    for name, value in {**home.QUIET, **home.EMBEDDED_PREFECT}.items():
        assert re.search(rf"^\| `{name}` \| `{re.escape(value)}` \|", page, re.MULTILINE), name


def test_every_outcome_is_on_its_page() -> None:
    """docs/outcomes.md has a row for each outcome of a check and for no other."""
    page = (ROOT / "docs" / "outcomes.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(Outcome)


def rooms() -> set[str]:
    """Folders of both halves that hold code, with a trailing slash, and their own modules."""
    halves = [ROOT / "monitoring", ROOT / "pipelines"]
    folders = [path for half in halves for path in half.iterdir() if any(path.glob("*.py"))]
    modules = [path for half in halves for path in half.glob("*.py") if path.name != "__init__.py"]
    return {f"{path.parent.name}/{path.name}/" for path in folders} | {
        f"{path.parent.name}/{path.name}" for path in modules
    }


def test_the_map_of_the_readme_is_the_tree() -> None:
    """The map has a line for each room and module of both halves; every line is there and has a text."""
    readme = (ROOT / "README.md").read_text("utf-8")
    lines = dict(re.findall(r"^    ((?:monitoring|pipelines)/\S+) +(\S.*)$", readme, re.MULTILINE))
    assert rooms() - set(lines) == set()
    assert not [name for name in lines if not (ROOT / name).exists() or name.endswith("/") != (ROOT / name).is_dir()]


def test_every_term_of_the_glossary_is_explained_once() -> None:
    """No term has two rows, and no row lacks its meaning."""
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    terms = [term.strip() for term, meaning in rows if meaning.strip() != "meaning"]
    assert len(terms) > 50
    assert len(set(terms)) == len(terms)
    assert all(meaning.strip() for _, meaning in rows)
