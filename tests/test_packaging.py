"""What is in the repository is what is installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_package_is_installed() -> None:
    """A folder with an `__init__.py` that pyproject does not name would be missing after `pip install`."""
    there = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for top in ("monitoring", "pipelines")
        for file in (ROOT / top).rglob("__init__.py")
    }
    named = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    assert named - {"pipelines.examples"} == there
