"""One state folder and one temporary Prefect server per test process; every test has a model of its own name."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import settings

from driftloop.monitoring.records import Check
from tests import migrated, streams
from tests.servers.dask import cluster
from tests.servers.evidently import evidently_service
from tests.servers.mlflow import mlflow_server
from tests.servers.postgres import postgres
from tests.servers.prefect import prefect_server
from tests.streams import flow_config

__all__ = [
    "cluster",
    "evidently_service",
    "mlflow_server",
    "postgres",
    "prefect_server",
]  # fixtures of real servers, one file a server

# These take longest, the first of them most.
LONG = (
    *("test_cli.py", "test_kills.py", "test_prefect.py", "test_stories.py", "test_serve.py", "test_demo.py"),
    *("test_first_model.py", "test_server_mode.py", "test_temporary_server.py", "test_checks.py", "test_races.py"),
    *("test_shipped_configs.py", "test_packing.py", "test_functions.py", "test_replaying.py", "test_choosing.py"),
)


# Of the tests of these files one in this many runs with `make test`; `make faults` runs them all.
ONE_IN = {
    "test_bad_values.py": 8,
    "test_bad_types.py": 8,
    "test_bad_targets.py": 8,
    "test_bad_files.py": 8,
    "test_bad_times.py": 8,
    "test_bad_frames.py": 8,
    "test_jsonl.py": 4,
    "test_objectives.py": 4,
    "test_join.py": 3,
    "test_elsewhere.py": 3,
    "test_weights.py": 3,
    "test_archive.py": 3,
    "test_adopting.py": 2,
    "test_as_trained.py": 3,
}
# Kills, races and deaths of processes outside tests/faults.
RACES = {
    "test_a_copied_state_folder_is_refused",
    "test_a_moved_state_folder_is_used_where_it_is",
    "test_first_contact_by_several_processes_loses_none",
    "test_a_server_that_dies_is_started_again_immediately_and_for_the_next_flow",
    "test_a_second_signal_cuts_the_check_off",
    "test_watching_shows_it_again_until_it_is_ended",
    "test_runs_logs_and_links_survive_into_a_later_server",
}
KEPT_FAULTS = {"test_matrix.py", "test_clock.py"}
settings.register_profile("share", max_examples=25)
if os.environ.get("DRIFTLOOP_TESTS") != "all":
    settings.load_profile("share")


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what `make test` leaves to `make faults`: kills and races, and most inputs of laws that run whole checks."""
    name = getattr(item, "originalname", item.name)
    kills = item.path.parent.name == "faults" and item.path.name not in KEPT_FAULTS
    every = ONE_IN.get(item.path.name, 1)
    if kills or name in RACES or zlib.crc32(item.nodeid.encode()) % every:
        item.add_marker(pytest.mark.faults)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the long files out, so that each worker begins with its share and none ends with one alone.

    xdist's `worksteal` gives each worker an equal part of the tests in their order, and then the rest of another's.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    short = iter([item for item in items if item.path.name not in LONG])
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        long = [item for name in LONG[worker::workers] for item in items if item.path.name == name]
        part = (len(items) - len(dealt)) // (workers - worker)
        dealt += [*long, *islice(short, max(0, part - len(long)))]
    items[:] = [*dealt, *short]


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of the tests is apart from the user's, and the parts' telemetry is off."""
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "DRIFTLOOP_LEDGER_URL", "PREFECT_HOME"):
        os.environ.pop(name, None)
    os.environ["DRIFTLOOP_HOME"] = str(tmp_path_factory.mktemp("home"))
    from driftloop.pipelines.runtime import home

    return home.prepare()


@pytest.fixture(scope="session")
def prefect(_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A running temporary Prefect server, started once."""
    from driftloop.pipelines.flows.warmup import prefect_ready

    migrated.boot(_home, migrated.shared(tmp_path_factory))
    with prefect_ready():
        yield


@pytest.fixture(scope="session")
def seeded(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a state folder for a process to start on, whose databases are migrated already."""
    return lambda home: migrated.seed(home, migrated.shared(tmp_path_factory))


class Model:
    """One model of one test: its rows, its config, and checks on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"m{uuid.uuid4().hex[:10]}"
        self.changes: dict[str, Any] = {}

    @property
    def file(self) -> Path:
        return self.folder / "model.yaml"

    def given(self, frame: pd.DataFrame | None = None, **changes: Any) -> Model:
        self.changes |= changes
        streams.write(self.folder, frame, model=self.name, **self.changes)
        return self

    def check(self, now: datetime, **more: Any) -> Check:
        from driftloop.pipelines.flows.monitoring import monitoring_flow

        return monitoring_flow(config=flow_config(self.file), now=now, **more)

    def champion(self) -> str | None:
        from driftloop.pipelines import registry

        found = registry.aliased(self.name, registry.CHAMPION)
        return found.number if found else None


@pytest.fixture
def model(prefect: None, tmp_path: Path) -> Callable[..., Model]:
    """Makes a model from rows and changes to the default config."""

    def make(frame: pd.DataFrame | None = None, **changes: Any) -> Model:
        return Model(tmp_path / uuid.uuid4().hex[:6]).given(frame, **changes)

    return make
