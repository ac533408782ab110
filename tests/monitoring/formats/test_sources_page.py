"""The page about sources lists what the registries have."""

from __future__ import annotations

from pathlib import Path

from driftloop.monitoring.formats import FORMATS
from driftloop.monitoring.sources.engines import ENGINES

PAGE = (Path(__file__).resolve().parents[3] / "docs/sources.md").read_text()


def test_every_format_and_engine_is_on_the_page() -> None:
    """Each format with its name and all of its endings in one row, each engine with its URL."""
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    for of in FORMATS:
        (row,) = [row for row in rows if f"| `{of.name}` |" in row]
        assert [ending for ending in of.endings if f"`{ending}`" not in row] == []
    for engine in ENGINES:
        assert [row for row in rows if any(f"`{scheme}://" in row for scheme in engine.schemes)]
