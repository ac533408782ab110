"""A fresh ledger for every test, on each database that driftloop knows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Ledger
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of a new database without any table, or of a file that is not there yet."""

    def url() -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / uuid.uuid4().hex / 'ledger.db'}"
        server: Postgres = request.getfixturevalue("postgres")
        return server.url(server.place())

    return url


@pytest.fixture
def url(empty: Callable[[], str]) -> str:
    """Where the ledger of this test is."""
    return empty()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(Ledger(url)) as opened:
        yield opened
