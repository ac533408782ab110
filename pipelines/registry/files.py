"""Files of a registered version: each is compared with its registered sha256 before it is interpreted."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import FileMissing, ForeignVersion, Tampered
from driftloop.monitoring.records import Reference
from driftloop.pipelines.registry.connection import client, refuse_if_moved
from driftloop.pipelines.registry.version import Version
from driftloop.pipelines.runtime import copies

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.pipelines.config.project import Training
    from driftloop.pipelines.training.scorer import Scorer

MANIFEST = "manifest.json"


def reference(version: Version) -> Reference:
    """Return the version's reference of its training rows."""
    return Reference.model_validate_json(checked(version, "reference.json"))


def reference_rows(version: Version) -> pd.DataFrame:
    """Return the version's sample of its reference: canonical columns and `prediction`."""
    return table(version, "reference.parquet")


def table(version: Version, name: str) -> pd.DataFrame:
    """Read a parquet file of the version."""
    import pandas as pd

    return pd.read_parquet(io.BytesIO(checked(version, name)))


def scorer(version: Version, trust: Training | None = None) -> Scorer:
    """Load the version's model, after comparing every file of it with the registered one.

    `trust` allows types beyond the known ones; without it none are allowed.
    """
    from driftloop.pipelines.registry.origins import open_folder
    from driftloop.pipelines.training.storage import load

    files = {name: sha for name, sha in manifest(version).items() if _of_model(name)}
    leave: dict[str, Any] = {} if trust is None else trust.model_dump(include={"trusted_types", "allow_pickle"})
    return load(folder(version), manifest=files, open_folder=open_folder, **leave)


def model_files(version: Version) -> dict[str, bytes]:
    """Return the content of each file of the version's model, compared with the registered one."""
    return {name: checked(version, name) for name in manifest(version) if _of_model(name)}


def _of_model(name: str) -> bool:
    from driftloop.pipelines.training.foreign import FOLDER

    return name.startswith(f"{FOLDER}/") or ("/" not in name and name.startswith(("scorer", "model.")))


def verify(version: Version) -> None:
    """Compare every file of the version with the registered one; raise `Tampered` if one differs."""
    for name in manifest(version):
        checked(version, name)


def folder(version: Version) -> Path:
    """Return the local folder of the version's files."""
    if "driftloop.manifest_sha256" not in version.tags:
        raise ForeignVersion(version.model, version.number)
    return copies.local(_location(client().tracking_uri, version.model_id), version.model_id)


def manifest(version: Version) -> dict[str, str]:
    """Return the sha256 of each file of the version; the manifest itself is compared with the version's tag."""
    content = _bytes(version, MANIFEST)
    if sha256(content) != version.tags.get("driftloop.manifest_sha256"):
        raise _tampered(version, MANIFEST)
    files: dict[str, str] = json.loads(content)
    return files


def checked(version: Version, name: str) -> bytes:
    """Return the content of a file, read once, so that only checked bytes are interpreted."""
    content = _bytes(version, name)
    if sha256(content) != manifest(version).get(name):
        raise _tampered(version, name)
    return content


def _bytes(version: Version, name: str) -> bytes:
    try:
        return (folder(version) / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        # An unavailable or inaccessible store is a different error: it is not about the version.
        refuse_if_moved(_location(client().tracking_uri, version.model_id))
        copies.discard(version.model_id)
        raise FileMissing(f"{version.model} version {version.number}", name, str(folder(version))) from error


@functools.cache
def _location(_uri: str, model_id: str) -> str:
    return str(client().get_logged_model(model_id).artifact_location)


def _tampered(version: Version, name: str) -> Tampered:
    copies.discard(version.model_id)
    return Tampered(f"{version.model} version {version.number}", name)


def sha256(content: bytes) -> str:
    """Return the sha256 of some bytes, in hex digits."""
    return hashlib.sha256(content).hexdigest()
