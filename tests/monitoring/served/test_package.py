"""The package that travels with a model is whole in itself."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from driftloop.monitoring import served

FOLDER = Path(served.__file__).parent
# The libraries of estimators are imported when a model is opened.
ALLOWED = {"numpy", "pandas", "xgboost", "skops"}


def test_it_imports_nothing_of_driftloop() -> None:
    """Its own modules by relative names, the standard library, and what a model's requirements install."""
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) > 5
    assert not [path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"]
    strange: set[tuple[str, str]] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            roots = {name.partition(".")[0] for name in names}
            strange |= {(file.name, root) for root in roots - ALLOWED - sys.stdlib_module_names}
    assert strange == set()


def test_it_stays_small() -> None:
    """A few hundred lines: each model carries a copy."""
    assert sum(len(file.read_text("utf-8").splitlines()) for file in FOLDER.glob("*.py")) < 750
