"""Registered versions for tests: one with any files, and a file that is changed for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftloop.pipelines import registry
from driftloop.pipelines.registry import Stored, Version


def stored(name: str, files: dict[str, bytes] | None = None) -> tuple[str, Stored]:
    """The run, and the files of it that are stored as a model: the smallest kind, any files and no model."""

    def fill(folder: Path) -> None:
        for file, content in (files or {"scorer.json": b"{}"}).items():
            (folder / file).write_bytes(content)

    run_id = registry.client().create_run(registry.experiment(name)).info.run_id
    made = registry.store(name, run_id=run_id, fill=fill, describe=lambda *_: None, params={})
    registry.client().set_terminated(run_id)
    return run_id, made


def registered(name: str, files: dict[str, bytes] | None = None) -> Version:
    """A version of such a model."""
    run_id, made = stored(name, files)
    return registry.register(name, made, run_id=run_id, tags={})


@contextmanager
def changed(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)
