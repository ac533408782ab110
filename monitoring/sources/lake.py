"""Tables of Delta Lake and Iceberg: opened by their library, and pinned, so that one check reads one version."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import DriftloopError, SourceMissing, SourceUnreadable
from driftloop.monitoring.records.table_version import TableVersion, title_of
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.places import Place

if TYPE_CHECKING:
    import pyarrow as pa

COLORS = re.compile(r"\x1b\[[0-9;]*m")
# A file of the table that the log names and the store does not have.
GONE = ("filenotfounderror", "not found", "no such file", "nosuchkey", "does not exist")
ACCESS = "check the address, the network, and the credentials in the environment (AWS_ACCESS_KEY_ID, AWS_REGION, ...)"
Batches = Callable[[Sequence[str], Any], "Iterator[pa.RecordBatch]"]


@dataclass(frozen=True)
class Lake:
    """One version of a table. `version` is None for an Iceberg table that was never written to.

    `batches` yields its rows, in the same order each time: the named columns, under a condition of Arrow or None.
    """

    format: str
    version: int | None
    schema: pa.Schema
    batches: Batches

    @property
    def title(self) -> str:
        """The version as text.

        >>> Lake("delta", 12, None, None).title, Lake("iceberg", None, None, None).title
        ('version 12', 'an empty table')
        """
        return "an empty table" if self.version is None else title_of(self.format, self.version)


@dataclass
class Pins:
    """The tables that one piece of work has opened, each as it was then."""

    known: dict[Any, tuple[str, Lake]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


PINS: ContextVar[Pins | None] = ContextVar("pins", default=None)


@contextmanager
def pinned() -> Iterator[None]:
    """Have everything inside read the same version of each table: the newest when it is opened first.

    Inside of another one the outer one holds.
    """
    if PINS.get() is not None:
        yield
        return
    token = PINS.set(Pins())
    try:
        yield
    finally:
        PINS.reset(token)


def versions_read() -> tuple[TableVersion, ...]:
    """Return the versions of tables that were read inside of `pinned`, in the order in which they were opened."""
    pins = PINS.get()
    each = [] if pins is None else list(pins.known.values())
    return tuple(
        TableVersion(section=section, format=lake.format, version=lake.version)
        for section, lake in each
        if lake.version is not None
    )


def open_lake(source: Source, folder: Path, at: Place) -> Lake:
    """Open a table; SourceMissing if it cannot be found, SourceUnreadable if removed rows would come back."""
    pins = PINS.get()
    if pins is None:
        return _opened(source, folder, at)
    catalog = sorted(source.catalog.items()) if isinstance(source.catalog, dict) else source.catalog
    key = (source.address_key, at.text, source.version, str(catalog))
    with pins.lock:
        if key not in pins.known:
            pins.known[key] = (source.section, _opened(source, folder, at))
        return pins.known[key][1]


def _opened(source: Source, folder: Path, at: Place) -> Lake:
    extra = source.address_key
    try:
        if extra == "delta":
            from driftloop.monitoring.sources import delta

            return delta.opened(at, source.version)
        from driftloop.monitoring.sources import iceberg

        return iceberg.opened(at, source, folder)
    except ImportError as error:
        library = {"delta": "deltalake", "iceberg": "pyiceberg"}[extra]
        why = f"{library} is not installed" if (error.name or "").startswith(library) else at.scrub(str(error))
        raise SourceMissing(at.where, why, f"pip install 'driftloop[{extra}]'") from None
    except (DriftloopError, MemoryError):
        raise
    except OSError as error:
        raise SourceMissing(at.where, text(error, at), ACCESS) from None
    except Exception as error:
        raise SourceUnreadable(at.where, text(error, at), f"check {at.section}.{extra}") from None


def failed_while_reading(at: Place, lake: Lake, error: BaseException) -> DriftloopError:
    """Return the error for a file of a table that could not be read: gone, unavailable, or broken."""
    why = text(error, at)
    if isinstance(error, FileNotFoundError) or any(words in f"{type(error).__name__} {why}".lower() for words in GONE):
        return SourceUnreadable(
            at.where,
            f"a file of {lake.title} is gone: {why}",
            f"files of old versions are removed by VACUUM or by expiring snapshots: remove {at.section}.version, or "
            "keep files for longer than a check takes",
        )
    if isinstance(error, OSError) and "parquet" not in why.lower():
        return SourceMissing(at.where, why, ACCESS)
    return SourceUnreadable(
        at.where, f"{lake.title}: {why}", "restore the file, or restore an older version of the table"
    )


def text(error: BaseException, at: Place) -> str:
    """The message of a library in one line, without secrets and colors."""
    lines = [line.strip(" ↳") for line in COLORS.sub("", str(error)).splitlines()]
    return at.scrub(": ".join(line for line in lines if line) or type(error).__name__)[:400]
