"""Interface of an engine: how it is opened, what it holds, how its rows come, and what differs in its SQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from driftloop.monitoring.errors import DriftloopError, SourceMissing, SourceUnreadable
from driftloop.monitoring.sources import frames
from driftloop.monitoring.sources.expressions import names_sql, unlike_a_day
from driftloop.monitoring.sources.places import Place

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Advice of DuckDB that would have rows dropped, and rows of the file itself: neither belongs in a message.
NOISE = (
    "original line",
    "possible",
    "*",
    "the search space",
    "delimiter cand",
    "quote/esc",
    "comment cand",
    "encoding:",
)
# What engines say of a file that is not a database. A lock, by contrast, goes away.
BROKEN_DATABASE = ("not a database", "not a valid", "malformed", "corrupt")


class EngineError(Exception):
    """An engine's message, fit to be shown. `blame` makes a proper error of it."""


class Engine(ABC):
    """An open connection (of ibis) that only reads. The defaults are what any SQL engine can do.

    `text_types`: columns of text may be read as the types that the config declares. `typed_times`: a column's type
    shows whether it holds times. `default_schema` is the one whose tables need no schema in front of their name.
    `server`: a failure may be that of a connection or a role, and not of the rows. `computes_once`: a derived column
    that others build on is not written out in each of them. `flat`: its parser takes few SELECTs inside each other.
    """

    name: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    text_types: ClassVar[bool] = False
    typed_times: ClassVar[bool] = True
    default_schema: ClassVar[str] = ""
    server: ClassVar[bool] = True
    computes_once: ClassVar[bool] = False
    flat: ClassVar[bool] = False

    def __init__(self, con: Any, at: Place) -> None:
        self.con, self.at = con, at

    def at_another_place(self, at: Place) -> Self:
        """Return the same connection with another table or other files to read."""
        return type(self)(self.con, at)

    @classmethod
    @abstractmethod
    def connect(cls, at: Place, folder: Path) -> Self:
        """Open what the URL names; `opened` turns what is raised into an error with its cause."""

    @classmethod
    def opened(cls, at: Place, folder: Path, wanted: str) -> tuple[Self, dict[str, tuple[str, ...]]]:
        """Connect and list the tables; SourceMissing or SourceUnreadable if that fails."""
        engine: Self | None = None
        try:
            engine = cls.connect(at, folder)
            return engine, engine.tables(wanted)
        except Exception as error:
            if engine is not None:
                engine.close()
            if isinstance(error, DriftloopError):
                raise
            raise cls.refusal(error, at) from None

    @classmethod
    def refusal(cls, error: Exception, at: Place) -> DriftloopError:
        """Return the error for a connection that was refused."""
        if isinstance(error, ImportError):
            scheme = at.text.partition("://")[0]
            return SourceMissing(at.where, at.scrub(str(error)), f"pip install 'ibis-framework[{scheme}]'")
        return SourceMissing(at.where, message(error, at), f"check {at.section}.url, and that the database answers")

    def close(self) -> None:
        self.con.disconnect()

    @property
    def dialect(self) -> Any:
        return self.con.dialect

    def asked(self, ask: Callable[[], Any]) -> Any:
        """Run a call; what it raises becomes EngineError."""
        try:
            return ask()
        except MemoryError:
            raise
        except Exception as error:
            raise EngineError(message(error, self.at)) from None

    def ask(self, sql: str) -> list[Any]:
        """The rows of a statement that has few."""
        return self.asked(lambda: self.con.raw_sql(sql).fetchall())  # type: ignore[no-any-return]

    # What there is

    @abstractmethod
    def tables(self, wanted: str) -> dict[str, tuple[str, ...]]:
        """The tables by name, or by schema.name outside the default schema; of servers, in that and the wanted one."""

    @abstractmethod
    def schema(self, parts: Sequence[str], table: str) -> dict[str, str]:
        """The columns of a table with their types as the engine calls them; `table` is its name as SQL."""

    def lost(self) -> bool:
        """Return whether the connection itself broke."""
        return False

    # Rows

    @abstractmethod
    def arrow(self, sql: str, texts: Collection[str]) -> pa.Table:
        """The rows of a SELECT; columns of `texts` with their values as they are spelled."""

    @abstractmethod
    def batches(self, sql: str, most: int, texts: Collection[str]) -> Iterator[pa.Table]:
        """The rows of a SELECT, about `most` at a time; a single table without rows where there are none."""

    def pieces(self, sql: str, most: int | None, texts: Collection[str]) -> Iterator[pd.DataFrame]:
        """The rows of a SELECT, `most` at a time, in memory that does not grow with them; at least one frame.

        Without a number all rows are in one frame. Decimals come as floats, in the columns of `texts` as text.
        """
        if most is None:
            yield frames.from_arrow(self.asked(lambda: self.arrow(sql, texts)), texts)
            return
        batches = self.batches(sql, most, texts)
        while (batch := self.asked(lambda: next(batches, None))) is not None:
            yield frames.from_arrow(batch, texts)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all statements inside see the same rows, where the engine can."""
        yield

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Have a statement that fails inside leave a `snapshot` as it was."""
        yield

    def kinds(self, sql: str) -> list[str]:
        """Return how the columns of a SELECT can be counted, in its order; the words are those of `Snapshot.types`."""
        return [_kind(field.type) for field in self.asked(lambda: self.arrow(sql, ())).schema]

    # What differs in SQL

    def set_zone(self, zone: str) -> None:  # noqa: B027 (most engines have no such setting)
        """Have expressions see times in a zone, where the engine has such a setting."""

    def cut(self, names: Sequence[str], rows: str) -> dict[str, str]:
        """The columns of a SELECT that may hold long text, with the SQL that cuts it; others are cut after reading."""
        return {}

    def floats(self, sql: str) -> Sequence[str]:
        """The columns of a SELECT that may hold NaN."""
        return ()

    def is_float(self, kind: str) -> bool:
        """Return whether a column of a type may hold NaN."""
        return False

    def no_nan(self, value: str) -> str:
        """SQL of a value with NaN as null; asked only of columns that may hold NaN."""
        return f"NULLIF({value}, 'NaN')"

    def text_time(self, name: str) -> str:
        """SQL by which a time column of text is compared with text; `name` is SQL."""
        return f"CAST({name} AS VARCHAR)"

    def unlike_a_day(self, column: str) -> str:
        """The condition that text does not start as an ISO date does. `column` is SQL."""
        return unlike_a_day(column, self.dialect)

    def every(self, nth: int) -> tuple[str, str] | None:
        """Conditions for every nth row of a table `t`, by its content, and for the others; None if there are none."""
        return None

    def names(self, names: Sequence[str]) -> str:
        return names_sql(names, self.dialect)


class FileEngine(Engine):
    """An engine whose database is a file: what is not a database is broken, not missing."""

    default_schema = "main"
    server = False

    @classmethod
    def refusal(cls, error: Exception, at: Place) -> DriftloopError:
        why = message(error, at)
        if not isinstance(error, ImportError) and any(words in why for words in BROKEN_DATABASE):
            return SourceUnreadable(at.where, why)
        return super().refusal(error, at)

    def by_schema(self, rows: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        """Tables by name, or by schema.name outside the default schema."""
        return {
            name if schema == self.default_schema else f"{schema}.{name}": (schema, name)
            for schema, name in sorted(rows)
        }


def message(error: Exception, at: Place) -> str:
    """An engine's message in one line, without secrets, advice and data."""
    # psycopg's text goes on with the statement.
    first = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    lines = first.strip().split("\n\n")[0].splitlines()
    kept = [line.strip() for line in lines if not line.strip().lower().startswith(NOISE)]
    return at.scrub(" ".join(kept) or type(error).__name__)[:400]


def _kind(dtype: pa.DataType) -> str:
    import pyarrow as pa

    tests = {
        "boolean": pa.types.is_boolean,
        "integer": pa.types.is_integer,
        "float": pa.types.is_floating,
        "decimal": pa.types.is_decimal,
        "moment": lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind),
        "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    }
    return next((name for name, fits in tests.items() if fits(dtype)), "other")


def in_batches(opened: Callable[[], pa.RecordBatchReader]) -> Iterator[pa.Table]:
    """Tables of a reader of Arrow; a single one without rows where there are none."""
    import pyarrow as pa

    reader = opened()
    first = next(reader, None)
    yield reader.schema.empty_table() if first is None else pa.Table.from_batches([first])
    yield from (pa.Table.from_batches([batch]) for batch in reader)
