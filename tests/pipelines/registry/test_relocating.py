"""MLflow's database follows a state folder that was moved; a database of another version is left as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.pipelines.registry.relocating import relocate


def test_only_the_paths_of_the_old_folder_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """URIs and plain paths of MLflow's files; a folder whose name begins alike is another one."""
    old, new = tmp_path / "old place", tmp_path / "new"
    new.mkdir()
    monkeypatch.setenv("DRIFTLOOP_HOME", str(new))
    inside = (f"{old.as_uri()}/mlartifacts/m", f"{old}/mlartifacts/m")
    outside = (f"{old.as_uri()}2/mlartifacts/m", "models:/m-1", "s3://bucket/mlartifacts/m")
    with closing(sqlite3.connect(new / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE runs (artifact_uri VARCHAR)")
        database.executemany("INSERT INTO runs VALUES (?)", [(one,) for one in (*inside, *outside)])
    for _ in range(2):
        relocate(old, new, "mlartifacts")
        with closing(sqlite3.connect(new / "mlflow.db")) as database:
            found = [uri for (uri,) in database.execute("SELECT artifact_uri FROM runs")]
        assert found == [f"{new.as_uri()}/mlartifacts/m", f"{new}/mlartifacts/m", *outside]
