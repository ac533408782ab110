"""What is in the repository is what is installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

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
