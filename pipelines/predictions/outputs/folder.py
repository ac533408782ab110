"""Folder of parquet files, one partition per day of UTC: `day=2026-01-31/20260131T000000_20260201T000000.parquet`.

A file is named by its span, so that writing a span again replaces its file. A file that the manifest does not have was
left by an interrupted run and is removed by the next one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from driftloop.monitoring.errors import OutputBusy, OutputUnusable
from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs.base import Dropped, Output
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Readers of partitioned folders ignore names with an underscore at the start.
MANIFEST, LOCK = "_driftloop.json", "_driftloop.lock"
SCRATCH = ".writing"
# Rows of all spans of a group that wait in memory to become row groups of useful size.
HELD = 1 << 20


class Folder(Output):
    """Parquet files on a disk of this machine."""

    def __init__(self, path: Path, where: str | None = None) -> None:
        self.path, self.where = path, where or str(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise OutputUnusable(
                self.where, "is a file", expected="a folder for parquet files", remedy="name another folder"
            ) from None
        self._lock: IO[str] = self._locked()
        self._spans: Sequence[Window] = ()
        self._writers: dict[int, pq.ParquetWriter] = {}
        self._held: dict[int, list[pa.Table]] = {}

    def _locked(self) -> IO[str]:
        others = [name for name in os.listdir(self.path) if name not in (MANIFEST, LOCK)]
        if others and not (self.path / LOCK).exists():
            raise OutputUnusable(
                self.where,
                f"has other files, such as {min(others)!r}",
                expected="an empty folder, or one that `driftloop predict --out` wrote",
                remedy="name another folder",
            )
        lock = (self.path / LOCK).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise OutputBusy(self.where) from None
        return lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for span, writer in self._writers.items():
            writer.close()
            self._scratch(self._spans[span]).unlink(missing_ok=True)
        self._lock.close()

    def read(self) -> Manifest | None:
        file = self.path / MANIFEST
        if not file.exists():
            return None
        try:
            manifest = Manifest.model_validate_json(file.read_bytes())
        except ValueError:
            raise OutputUnusable(
                str(file),
                "is not a manifest that this version of driftloop can read",
                expected=f"the manifest that `driftloop predict --out {self.where}` wrote",
                remedy="restore it, or predict into another folder",
            ) from None
        self._sweep(manifest)
        return manifest

    def create(self, manifest: Manifest, schema: pa.Schema) -> None:
        self._store(manifest)

    def begin(self, spans: Sequence[Window]) -> None:
        self._spans, self._writers, self._held = spans, {}, {}

    def add(self, span: int, rows: pa.Table) -> None:
        self._held.setdefault(span, []).append(rows)
        if sum(len(table) for tables in self._held.values() for table in tables) >= HELD:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        for span, tables in self._held.items():
            if span not in self._writers:
                scratch = self._scratch(self._spans[span])
                scratch.parent.mkdir(exist_ok=True)
                self._writers[span] = pq.ParquetWriter(scratch, tables[0].schema)
            self._writers[span].write_table(pa.concat_tables(tables))
        self._held = {}

    def commit(self, manifest: Manifest, written: Sequence[Part]) -> Dropped:
        self._flush()
        for span, writer in self._writers.items():
            writer.close()
            scratch = self._scratch(self._spans[span])
            _to_disk(scratch)
            scratch.replace(self._file(self._spans[span]))
        self._writers = {}
        self._store(manifest)
        for part in written:
            if not part.rows:
                self._file(part.window).unlink(missing_ok=True)
        return Dropped()

    def _store(self, manifest: Manifest) -> None:
        scratch = self.path / f"{MANIFEST}{SCRATCH}"
        scratch.write_text(manifest.model_dump_json(), "utf-8")
        _to_disk(scratch)
        scratch.replace(self.path / MANIFEST)

    def _sweep(self, manifest: Manifest) -> None:
        """Remove the files that an interrupted run left."""
        known = {self._file(part.window) for part in manifest.parts}
        for file in self.path.glob("day=*/*"):
            if file.name.endswith(SCRATCH) or (file.suffix == ".parquet" and file not in known):
                file.unlink()

    def _file(self, span: Window) -> Path:
        name = "_".join(_stamp(moment) for moment in (span.start, span.end))
        return self.path / f"day={span.start:%Y-%m-%d}" / f"{name}.parquet"

    def _scratch(self, span: Window) -> Path:
        file = self._file(span)
        return file.with_name(f".{file.name}{SCRATCH}")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S%f}" if moment.microsecond else f"{moment:%Y%m%dT%H%M%S}"


def _to_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
