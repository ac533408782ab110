"""Sessions of Spark that the tests of reading and of training share, each module its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from driftloop.monitoring.sources import shards
from tests.servers.spark import MASTER, ROOT, SparkServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkServer]:
    """A server of Spark Connect with two executors."""
    started = SparkServer(tmp_path_factory.mktemp("spark"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module", params=["classic", "connect"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """A session whose driver this process starts, and a server of Spark Connect."""
    if request.param == "connect":
        yield request.getfixturevalue("server").address
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ROOT)  # executors inherit it, and find the tests
        yield MASTER


@pytest.fixture
def a_file_is_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 1)
