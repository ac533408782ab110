"""State folder, and settings of the libraries before their import. Nothing heavy is imported here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from driftloop.monitoring.errors import HomeUnusable, StorageUnusable
from driftloop.pipelines.runtime import proxies

# A check with a training run writes a report of about 5 MB, a model, and into three databases.
LEAST_FREE_MB = 50
STATE = ".driftloop"
# The state folder that this process found for its configs, by process id: a child may find another one.
_CHOSEN: dict[int, str] = {}
QUIET = {
    # Telemetry of the dependencies is off unless the user turned it on.
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Wait about twelve seconds for a restarting server; report a server that is down then, not after minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "GIT_PYTHON_REFRESH": "quiet",
    # A fit must not spin while another process uses the core. Read once, when OpenMP loads.
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
    # By default it records the states of tasks one by one, which is a third of its work for a check.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
}


def home() -> Path:
    """Return the state folder, absolute: `DRIFTLOOP_HOME`, or the nearest `.driftloop` from the working folder up."""
    given = os.environ.get("DRIFTLOOP_HOME")
    if given:
        # A unit file or a container passes `~` on as it is written.
        return Path(given).expanduser().resolve()
    return nearest(Path.cwd()) or Path.cwd() / STATE


def nearest(folder: Path) -> Path | None:
    """Return the nearest state folder in a folder or above it, as git finds `.git`; None without one."""
    places = (place / STATE for place in (folder, *folder.parents))
    return next((place.resolve() for place in places if place.is_dir()), None)


def belong_to(configs: Iterable[Path]) -> None:
    """Use the state folder of these configs (files or folders) in this process and its children.

    `DRIFTLOOP_HOME` has priority. Otherwise it is the nearest one in the folder of the configs or above it. A new one
    is created in the working folder if the configs are below it, so that it is found again, otherwise next to them.
    """
    given = os.environ.get("DRIFTLOOP_HOME")
    if given and given != _CHOSEN.get(os.getpid()):
        return
    # Without following links: relative paths of a config start at the folder of the link.
    paths = [Path(os.path.abspath(one)) for one in configs]
    folders = [path if path.is_dir() else path.parent for path in paths]
    found = dict.fromkeys(nearest(folder) for folder in folders)
    if len(found) > 1:
        places = ", ".join(str(place) if place else "none yet" for place in found)
        raise HomeUnusable(str(next(filter(None, found))), f"not all configs belong to it: {places}")
    (place,) = found or {None: None}
    if place is None and given and all(Path(given).parent in (folder, *folder.parents) for folder in folders):
        return  # chosen before, and not created yet
    place = place or _new(folders)
    if given and given != str(place):
        raise HomeUnusable(str(place), f"this process already uses {given}")
    _CHOSEN[os.getpid()] = os.environ["DRIFTLOOP_HOME"] = str(place)


def _new(folders: list[Path]) -> Path:
    """Return the place of a new state folder. A personal folder is no project: cron starts there."""
    common, here = Path(os.path.commonpath(folders or [Path.cwd()])), Path.cwd()
    personal = Path(os.path.expanduser("~"))
    inside = here == common or (here in common.parents and here not in (personal, Path(here.anchor)))
    return (here if inside else common) / STATE


def prepare() -> Path:
    """Create the state folder and set the environment of Prefect, MLflow and OpenMP. Call it before importing them.

    Variables set by the user are kept: with PREFECT_API_URL and MLFLOW_TRACKING_URI the same flows run against servers.
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
    """Return the SQLAlchemy URL of a SQLite file. Unquoted, `%2F` would become a slash and `?` would end the path.

    The driver is named if something is quoted: MLflow does not unquote the folder of a plain `sqlite:///` URL.

    >>> sqlite_url(Path("/srv/ann's #1/ledger.db")), sqlite_url(Path("/srv/p%2Fx/ledger.db"))
    ("sqlite:////srv/ann's #1/ledger.db", 'sqlite+pysqlite:////srv/p%252Fx/ledger.db')
    """
    path = str(file).replace("%", "%25").replace("?", "%3F")
    plain = path == str(file) and driver == "pysqlite"
    return f"sqlite:///{path}" if plain else f"sqlite+{driver}:///{path}"


def require_room(least_mb: int = LEAST_FREE_MB) -> None:
    """Refuse to start on a nearly full disk, where each library would fail midway with a different error."""
    free_mb = shutil.disk_usage(home()).free // 1024**2
    if free_mb < least_mb:
        raise StorageUnusable(
            f"the state folder {home()}", f"{free_mb:,} MB free on its disk, at least {least_mb:,} MB needed"
        )


def ledger_url() -> str:
    """Return the SQLAlchemy URL of the ledger: `DRIFTLOOP_LEDGER_URL`, or a SQLite file in the state folder."""
    return os.environ.get("DRIFTLOOP_LEDGER_URL") or sqlite_url(home() / "ledger.db")


def reports(model: str) -> Path:
    """Return the folder of a model's HTML reports."""
    return home() / "reports" / model


def scripts() -> Path:
    """Return the folder of the script that all reports share."""
    return home() / "reports" / "_scripts"


def adopting(digest: str) -> Path:
    """The folder of a model that is being adopted, until its request has ended."""
    return home() / "adopting" / digest
