"""What is in the repository is what is installed."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from importlib.metadata import version
from pathlib import Path

from click.testing import CliRunner

from driftloop.pipelines.cli import main

ROOT = Path(__file__).resolve().parents[1]


def test_every_package_is_installed() -> None:
    """A folder with an `__init__.py` that pyproject does not name would be missing after `pip install`."""
    there = {"driftloop"} | {
        ".".join(("driftloop", *file.parent.relative_to(ROOT).parts))
        for top in ("monitoring", "pipelines")
        for file in (ROOT / top).rglob("__init__.py")
    }
    named = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    assert named - {"driftloop.pipelines.examples"} == there - {"driftloop.pipelines.api"}


def test_the_types_are_installed() -> None:
    """Each top-level package that is installed has the marker by which a type checker reads its annotations."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = setuptools["package-dir"]
    tops = {name for name in setuptools["packages"] if "." not in name}
    assert tops
    assert [name for name in tops if not (ROOT / folders.get(name, name) / "py.typed").is_file()] == []
    assert "py.typed" in setuptools["package-data"]["*"]


def test_all_places_name_one_version() -> None:
    """`driftloop --version`, the installed metadata, pyproject.toml and the newest release of the changelog agree."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version("driftloop") == named, "install the checkout again: pip install --no-deps -e ."
    assert CliRunner().invoke(main, ["--version"]).output == f"driftloop {named}\n"
    assert releases()[0][0] == named


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    """Unreleased comes first, then releases from new to old with their dates; changes are grouped by known names."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    assert len(releases()) == len(sections) - 1 >= 1
    numbers = [tuple(map(int, number.split("."))) for number, _ in releases()]
    assert numbers == sorted(set(numbers), reverse=True)
    days = [date.fromisoformat(day) for _, day in releases()]
    assert days == sorted(days, reverse=True)
    groups = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def releases() -> list[tuple[str, str]]:
    """The version and the date of each release in the changelog, in its order."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    return re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
