"""The session's ledger, and a model with three versions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home
from tests.registered import registered

Three = tuple[Version, Version, Version]


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


@pytest.fixture
def three(request: pytest.FixtureRequest, _home: Path) -> Three:
    name = f"three-{abs(hash(request.node.nodeid)) % 10**8}"
    first, second, third = (registered(name) for _ in range(3))
    return first, second, third
