"""Where state lives, and what the parts are told before they are imported. Nothing heavy is imported here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from driftloop.monitoring.errors import HomeUnusable, StorageUnusable
from driftloop.pipelines.runtime import proxies

# A check with a training writes a report of some 5 MB, a model, and into three databases.
LEAST_FREE_MB = 50
QUIET = {
    # Telemetry of the parts is off unless the user turned it on.
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A server that starts again is waited for some twelve seconds, and one that is down told then, not after minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "GIT_PYTHON_REFRESH": "quiet",
    # A fit beside a busy process must not spin for the other's core. Read once, when OpenMP loads.
    "OMP_WAIT_POLICY": "passive",
}
EMBEDDED_PREFECT = {
    # The temporary server of an embedded run needs to record runs, logs and events, and nothing else.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    # It writes down the states of tasks one by one unless told otherwise, which is a third of its work for a check.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
}


def home() -> Path:
    """The state folder: `DRIFTLOOP_HOME`, or `.driftloop` in the working folder. Absolute."""
    # A unit file or a container passes `~` on as it is written.
    return Path(os.environ.get("DRIFTLOOP_HOME") or ".driftloop").expanduser().resolve()


def prepare() -> Path:
    """Make the state folder and set the environment of Prefect, MLflow and OpenMP. Call it before importing them.

    What the user has set stays: with PREFECT_API_URL and MLFLOW_TRACKING_URI the same flows run against servers.
    """
    place = home()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusable(str(place), error.strerror or str(error)) from error
    if not os.access(place, os.W_OK):
        raise HomeUnusable(str(place), "it cannot be written to")
    settings = {
        **QUIET,
        "PREFECT_HOME": str(place / "prefect"),
        "MLFLOW_TRACKING_URI": sqlite_url(place / "mlflow.db"),
        **({} if os.environ.get("PREFECT_API_URL") else EMBEDDED_PREFECT),
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    proxies.exempt_loopback()
    proxies.drop_unusable()
    return place


def sqlite_url(file: Path, driver: str = "pysqlite") -> str:
    """The SQLAlchemy URL of a SQLite file. Unquoted, `%2F` would become a slash and `?` would end the path.

    The driver is named where something is quoted: of a plain `sqlite:///` URL MLflow makes the folder unquoted.

    >>> sqlite_url(Path("/srv/ann's #1/ledger.db")), sqlite_url(Path("/srv/p%2Fx/ledger.db"))
    ("sqlite:////srv/ann's #1/ledger.db", 'sqlite+pysqlite:////srv/p%252Fx/ledger.db')
    """
    path = str(file).replace("%", "%25").replace("?", "%3F")
    plain = path == str(file) and driver == "pysqlite"
    return f"sqlite:///{path}" if plain else f"sqlite+{driver}:///{path}"


def require_room(least_mb: int = LEAST_FREE_MB) -> None:
    """Refuse to begin where the disk is as good as full: each part would fail in the middle, in words of its own."""
    free_mb = shutil.disk_usage(home()).free // 1024**2
    if free_mb < least_mb:
        raise StorageUnusable(
            f"the state folder {home()}", f"{free_mb:,} MB are free on its disk, of {least_mb:,} needed"
        )


def ledger_url() -> str:
    """The SQLAlchemy URL of the ledger: `DRIFTLOOP_LEDGER_URL`, or a SQLite file in the state folder."""
    return os.environ.get("DRIFTLOOP_LEDGER_URL") or sqlite_url(home() / "ledger.db")


def reports(model: str) -> Path:
    """The folder of a model's HTML reports."""
    return home() / "reports" / model
