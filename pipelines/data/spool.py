"""Storage of frames: few rows in memory, many in an unnamed file of the state folder."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.data.spread import spread
from driftloop.pipelines.runtime import home

R = TypeVar("R")

# Number of rows kept in memory: about a hundred bytes each, with text as codes.
HELD = 1 << 20


def unnamed_file() -> IO[bytes]:
    """Return a file of the state folder that has no name, so that nothing is left of it when the process ends."""
    home.home().mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=home.home())


class Rows(ABC):
    """Canonical frames in the order of the source. `apart`: they are in the workers of an engine, where `map` works."""

    apart: ClassVar[bool] = False

    @abstractmethod
    def add(self, frame: pd.DataFrame) -> None:
        """Add a frame."""

    @abstractmethod
    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yield the frames, which come to this process one at a time."""

    @abstractmethod
    def map(self, work: Callable[..., R], *each: Sequence[Any]) -> Iterator[R]:
        """Yield the result of `work` for each frame, in order; its further arguments are the items of `each`."""

    def boost(self, boosting: Boosting, marked: Sequence[NDArray[np.bool_]]) -> bytes:
        """Train on the marked rows of each frame, in the workers of an engine; return the booster as UBJSON."""
        raise NotImplementedError("the rows of this process are trained on by `fit_pieces`")


class Spool(Rows):
    """Canonical frames in the order in which they were added, readable any number of times, by any thread."""

    def __init__(self) -> None:
        self._held: list[pd.DataFrame] = []
        self._file: IO[bytes] | None = None
        self._places: list[tuple[int, int]] = []

    def add(self, frame: pd.DataFrame) -> None:
        """Add a frame; frames that exceed the memory limit go to disk, with all earlier ones."""
        self._held.append(frame)
        if not self._places and sum(map(len, self._held)) <= HELD:
            return
        self._file = self._file or unnamed_file()
        for one in self._held:
            self._write(self._file, one)
        self._held.clear()

    def __iter__(self) -> Iterator[pd.DataFrame]:
        yield from self._held  # all are in memory, or all are on disk
        for start, length in self._places:
            assert self._file is not None
            yield _canonical(pa.ipc.open_stream(os.pread(self._file.fileno(), length, start)).read_all())

    def map(self, work: Callable[..., R], *each: Sequence[Any]) -> Iterator[R]:
        """See `Rows`; two threads work."""
        return spread(lambda given: work(*given), zip(self, *each, strict=True))

    def __len__(self) -> int:
        return len(self._held) + len(self._places)

    def _write(self, file: IO[bytes], frame: pd.DataFrame) -> None:
        start = file.tell()
        table = pa.Table.from_pandas(frame, preserve_index=False)
        with pa.ipc.new_stream(file, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(table)
        file.flush()
        self._places.append((start, file.tell() - start))


def _canonical(table: pa.Table) -> pd.DataFrame:
    """Return the frame as it was added: times, float64, and text as categories."""
    frame: pd.DataFrame = table.to_pandas()
    for name, values in frame.items():
        if isinstance(values.dtype, pd.CategoricalDtype):
            texts = values.cat.categories.astype(object)
            frame[name] = pd.Categorical.from_codes(values.cat.codes, categories=texts)
    return frame
