"""Databases of MLflow and Prefect that are migrated already: made once a session, copied wherever one would be new.

To migrate them takes six seconds of a core, to copy them none. The first worker of a session does it for all, by the
product itself; the others, and processes that tests start, find copies in their state folders.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

MLFLOW, PREFECT = Path("mlflow.db"), Path("prefect/prefect.db")


def shared(factory: pytest.TempPathFactory) -> Path:
    """Where all workers of this session find them."""
    own = factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "migrated"


def boot(home: Path, kept: Path) -> None:
    """Start Prefect's temporary server in the session's state folder, on a copy; the first to come makes the copies."""
    from driftloop.pipelines.flows.warmup import _server
    from driftloop.pipelines.registry import connection

    with FileLock(str(kept) + ".lock"):
        first = not kept.exists()
        seed(home, kept)
        _server()
        if first:
            (kept / PREFECT).parent.mkdir(parents=True)
            connection._client(f"sqlite:///{kept / MLFLOW}")
            _server().wait()
            with closing(sqlite3.connect(home / PREFECT)) as used, closing(sqlite3.connect(kept / PREFECT)) as copy:
                used.backup(copy)
            seed(home, kept)


def seed(home: Path, kept: Path) -> Path:
    """Put copies into a state folder where it has no databases yet; gives the folder."""
    for name in (MLFLOW, PREFECT):
        if (kept / name).exists() and not (home / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept / name, home / name)
    return home
