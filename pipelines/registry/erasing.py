"""Removal of deleted MLflow runs from a database, with their artifacts, by MLflow's own command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

# The command line of one call has a limited length.
AT_A_TIME = 200


def erase_runs(run_ids: Sequence[str]) -> None:
    """Run `mlflow gc` for deleted runs if the store is a database; a server keeps them until it runs there.

    A run that cannot be erased stays hidden, as deleted runs are.
    """
    store = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not store.startswith(("sqlite", "postgresql")):
        return
    for start in range(0, len(run_ids), AT_A_TIME):
        some = ",".join(run_ids[start : start + AT_A_TIME])
        command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", store, "--run-ids", some]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603
