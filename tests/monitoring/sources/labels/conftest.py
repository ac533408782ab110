"""A place for rows and one for labels, in any format or engine."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from driftloop.monitoring import formats
from driftloop.monitoring.settings.source import Source
from tests.labeled import Keep
from tests.servers.postgres import Postgres
from tests.written import LOADERS, WRITERS


@pytest.fixture
def keep(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Writes a table as a file of a format, or loads it into an engine, in a folder of its own; gives the source."""

    def server() -> Postgres:
        made: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SHOP_PASSWORD", made.password)
        return made

    def kept(name: str, table: pa.Table, where: str) -> Source:
        folder = tmp_path / where
        folder.mkdir(exist_ok=True)
        if name in LOADERS:
            source = LOADERS[name](folder, table, server)
            return Source(url=str(source.url).replace(":///", f":///{where}/"), table=source.table)
        ending = formats.named(name).endings[0]
        WRITERS[name](folder / f"rows{ending}", table)
        return Source(path=f"{where}/rows{ending}")

    return kept
