"""A training function of the user's own may lie beside the YAML: this makes its module importable."""

from __future__ import annotations

import hashlib
import importlib
import sys
from contextlib import suppress
from pathlib import Path

from driftloop.pipelines.config.project import Project

IMPORTED: dict[str, Path] = {}


def importable(config: Project) -> None:
    """Import the estimator's module from the folder of the YAML, if it lies there. A stored model may need it too.

    The folder stands first on the path only during that import, so that no file beside a YAML hides a module of ours.
    Another model's module of the same name is forgotten first.
    """
    file = source_file(config)
    if file is None:
        return
    name, folder = _module(config), str(config.folder.resolve())
    if name in sys.modules and IMPORTED.get(name) in {None, file}:
        return
    sys.modules.pop(name, None)
    IMPORTED[name] = file
    importlib.invalidate_caches()
    sys.path.insert(0, folder)
    try:
        # What is wrong with it is told by the fit, in words.
        with suppress(Exception):
            importlib.import_module(name)
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)


def source_file(config: Project) -> Path | None:
    """The file of the user's own module next to the YAML, if there is one."""
    if ":" not in config.training.estimator:
        return None
    place = config.folder.resolve() / _module(config).replace(".", "/")
    found = (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
    return next(found, None)


def code_digest(config: Project) -> str:
    """A name for the content of that file, so that a request after a change of it is another request."""
    file = source_file(config)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else ""


def _module(config: Project) -> str:
    return config.training.estimator.partition(":")[0]
