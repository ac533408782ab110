"""A real MLflow server on SQLite in a temporary folder, for a session of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.process import Server


class MlflowServer(Server):
    """Tracking, registry and artifacts behind one URL."""

    def words(self) -> list[str]:
        stores = ("--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--serve-artifacts")
        artifacts = ("--artifacts-destination", (self.folder / "artifacts").as_uri())
        return ["mlflow", "server", *stores, *artifacts, "--workers", "1"]

    def settings(self) -> dict[str, str]:
        # Job execution is five processes that would wait for jobs that we have not.
        off = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        return {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", **off}


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One server a session, started when the first test asks for it."""
    server = MlflowServer(tmp_path_factory.mktemp("mlflow-server"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
