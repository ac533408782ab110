"""Import of the user's own code, a training function or a loss, whose module may be next to the YAML."""

from __future__ import annotations

import hashlib
import importlib
import sys
from contextlib import suppress
from pathlib import Path

from driftloop.monitoring.losses import Custom
from driftloop.pipelines.config.project import Project

IMPORTED: dict[str, tuple[Path, str]] = {}


def importable(config: Project) -> None:
    """Import the modules of the estimator and of the loss from the folder of the YAML, if they are there.

    A stored model may need the estimator's module too.

    The folder is first on the path only during that import, so that no file next to a YAML hides a module of ours.
    Another model's module of the same name, and an older content of the file, are forgotten first.
    """
    for name in modules(config):
        file = source_file(name, config)
        if file is not None:
            _import(name, file, str(config.folder.resolve()))


def ready(config: Project) -> None:
    """Import these modules, and find the function of a custom loss: `LossUnusable` names what is wrong with it."""
    importable(config)
    if isinstance(config.loss, Custom):
        config.loss.find()


def _import(name: str, file: Path, folder: str) -> None:
    content = (file, hashlib.sha256(file.read_bytes()).hexdigest())
    if name in sys.modules and IMPORTED.get(name) in {None, content}:
        return
    sys.modules.pop(name, None)
    IMPORTED[name] = content
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


def modules(config: Project) -> tuple[str, ...]:
    """Return the names of the user's own modules that a config needs."""
    paths = (config.training.estimator, config.loss.function if isinstance(config.loss, Custom) else "")
    return tuple(dict.fromkeys(path.partition(":")[0] for path in paths if ":" in path))


def source_file(name: str, config: Project) -> Path | None:
    """Return the file of a module that is next to the YAML, None if it is not there."""
    place = config.folder.resolve() / name.replace(".", "/")
    found = (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
    return next(found, None)


def code_digest(config: Project) -> str:
    """Name the content of these files, so that a request after a change of one is another request."""
    files = (source_file(name, config) for name in modules(config))
    content = [file.read_bytes() for file in files if file is not None]
    return hashlib.sha256(b"\0".join(content)).hexdigest() if content else ""
