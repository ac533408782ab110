"""Files of a stored model: written with their sha256, and read once, as exactly the bytes that were checked."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from driftloop.monitoring.errors import FileMissing, Tampered


def write_all(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write files into a folder, or into its subfolders; return the sha256 of each by its name: their manifest."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def read_checked(folder: Path, name: str, manifest: Mapping[str, str] | None) -> bytes:
    """Return the content of a file that is as the manifest has it; None skips the comparison.

    A file that differs from the manifest, or is not in it, raises `Tampered`; one that is gone raises `FileMissing`.
    """
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise FileMissing(folder.name, name, str(folder)) from error
    except OSError as error:
        raise Tampered(folder.name, name) from error
    if manifest is not None and manifest.get(name) != sha256(content).hexdigest():
        raise Tampered(folder.name, name)
    return content
