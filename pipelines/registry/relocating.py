"""State folder that was moved: the paths in MLflow's database and in the ledger follow it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.runtime import home

# What MLflow 3 stores as the URI or path of files.
PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
log = logging.getLogger("driftloop.registry")


def relocate(before: Path, here: Path, folder: str) -> None:
    """Replace the state folder `before` by `here`; `folder` is that of MLflow's files in it.

    MLflow's database comes last, in one transaction: a process that dies before its end leaves the old paths there, and
    the next one repeats everything. Call it inside the lock of the state folder.
    """
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.relocate(before, here)
    with closing(sqlite3.connect(here / "mlflow.db", timeout=60, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        for old, new in ((before.as_uri(), here.as_uri()), (str(before), str(here))):
            for table, column in PATHS:
                _replace(database, table, column, f"{old}/{folder}/", f"{new}/{folder}/")
        database.execute("COMMIT")
    log.warning("the state folder was moved from %s to %s: the paths in its databases were updated", before, here)


def _replace(database: sqlite3.Connection, table: str, column: str, old: str, new: str) -> None:
    if column not in {row[1] for row in database.execute(f"PRAGMA table_info({table})")}:
        return
    database.execute(
        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
        (new, len(old) + 1, len(old), old),
    )
