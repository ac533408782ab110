"""Local copies of model files from a remote store: fetched once, atomically. Their content is not trusted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from driftloop.pipelines.runtime import home


def local(location: str, model_id: str) -> Path:
    """Return the folder of a model's files: in place if the store is local, otherwise a copy, fetched if missing."""
    from mlflow.artifacts import download_artifacts

    if location.startswith(("file:", "/")):
        return local_path(location)
    kept = _place(model_id)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetching-") as scratch:
            files = Path(scratch) / "files"
            files.mkdir()
            download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=str(files))
            try:
                files.rename(kept)
            except OSError:
                # Another process may have been faster, with the same files.
                if not kept.exists():
                    raise
    return kept


def local_path(location: str) -> Path:
    """Return the path of a local store, of which MLflow has the path itself or a `file:` URI.

    >>> local_path("file:///srv/my%20models"), local_path("/srv/models")
    (PosixPath('/srv/my models'), PosixPath('/srv/models'))
    """
    path = urlparse(location).path if location.startswith("file:") else location
    return Path(url2pathname(path))


def discard(model_id: str) -> None:
    """Delete the local copy, because it differs from the registered files. The next call fetches it again."""
    shutil.rmtree(_place(model_id), ignore_errors=True)


def _place(model_id: str) -> Path:
    return home.home() / "models" / model_id
