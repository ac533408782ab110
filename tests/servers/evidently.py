"""A real Evidently service on a workspace in a temporary folder."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.process import Server

SECRET = "of the service"


class EvidentlyService(Server):
    """`evidently ui`, which asks for a secret before it writes."""

    def words(self) -> list[str]:
        return ["evidently.cli", "ui", "--workspace", str(self.folder / "workspace"), "--secret", SECRET]

    def settings(self) -> dict[str, str]:
        return {"DO_NOT_TRACK": "true"}

    def answers(self) -> bool:
        try:
            return bool(self.get("/api/version"))
        except OSError:
            return False

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def evidently_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvidentlyService]:
    """One service per file of tests."""
    service = EvidentlyService(tmp_path_factory.mktemp("evidently"))
    try:
        service.start()
        yield service
    finally:
        service.stop()
