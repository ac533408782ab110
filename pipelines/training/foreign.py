"""Adopted models that driftloop stores in no format of its own: MLflow's folder of the model, kept as it came."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "adopted"
OpenFolder = Callable[[Path], Any]


@dataclass(frozen=True)
class Origin:
    """The folder of an adopted model, its class, and whether opening it runs code of it (a pickle, a python model)."""

    folder: Path
    kind: str
    runs_code: bool

    def files(self) -> dict[str, bytes]:
        """Return the content of each file by the name under which a version stores it."""
        return {
            f"{FOLDER}/{file.relative_to(self.folder).as_posix()}": file.read_bytes() for file in inside(self.folder)
        }


def inside(folder: Path) -> list[Path]:
    """Return all files of a folder in a fixed order, without caches of Python."""
    return sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def open_copy(names: Iterable[str], read: Callable[[str], bytes], open_folder: OpenFolder) -> Any:
    """Open a model from a private copy of its files: exactly the bytes that `read` has checked.

    The copy is removed with the model, which may read its files whenever it predicts.
    """
    place = Path(tempfile.mkdtemp(prefix="driftloop-model-"))
    try:
        for name in names:
            file = place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(read(name))
        model = open_folder(place / FOLDER)
        weakref.finalize(model, shutil.rmtree, place, ignore_errors=True)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return model
