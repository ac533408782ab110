"""Registered versions for tests: one with any files, and a file that is changed for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftloop.pipelines import registry
from driftloop.pipelines.registry import Version


def registered(name: str, files: dict[str, bytes] | None = None) -> Version:
    """A version of the smallest kind: whatever files, no model."""

    def fill(folder: Path) -> None:
        for file, content in (files or {"scorer.json": b"{}"}).items():
            (folder / file).write_bytes(content)

    run = registry.client().create_run(registry.experiment(name))
    stored = registry.store(name, run_id=run.info.run_id, fill=fill, describe=lambda *_: None, params={})
    made = registry.register(name, stored, run_id=run.info.run_id, tags={})
    registry.client().set_terminated(run.info.run_id)
    return made


@contextmanager
def changed(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)
