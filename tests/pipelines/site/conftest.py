"""A state folder of a test's own with a ledger in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.runtime import home


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A state folder of this test's own; MLflow's database is the session's."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path))
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened
