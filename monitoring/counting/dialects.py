"""What differs between the SQL of databases that count their own rows: one object per database."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

LARGEST = sys.float_info.max
Floats = Sequence[float]


class Dialect(ABC):
    """The SQL of one database. A value is SQL; a row of the result is never a row of the table.

    `name` is the one that `sqlglot` and `dialect_of` use. `tested`: the tests run it on a real server. `nan_is_last`:
    `place` puts NaN above all ends. `functions` are all functions that its statements call, each in the manual of the
    database.
    """

    name: ClassVar[str]
    tested: ClassVar[bool] = False
    nan_is_last: ClassVar[bool] = False
    double: ClassVar[str] = "DOUBLE"
    whole: ClassVar[str] = "DECIMAL(38, 0)"
    functions: ClassVar[frozenset[str]]

    def number(self, value: str, kind: str) -> str:
        """A column of numbers or booleans as double precision."""
        if kind == "boolean":
            return f"CASE WHEN {value} THEN {self.literal(1.0)} WHEN NOT {value} THEN {self.literal(0.0)} END"
        return f"CAST({value} AS {self.double})"

    def literal(self, value: float) -> str:
        """A finite number in double precision, to the last bit."""
        return f"CAST('{value!r}' AS {self.double})"

    def nan(self, value: str) -> str:
        """The condition that a double is not a number. NaN equals itself in most databases."""
        return f"{value} = CAST('NaN' AS {self.double})"

    def infinite(self, value: str) -> str:
        """The condition that a double is infinite; asked of what is not NaN."""
        return f"{value} > {self.literal(LARGEST)} OR {value} < {self.literal(-LARGEST)}"

    def finite(self, value: str) -> str:
        """The condition that a double is a number that is not infinite."""
        return f"NOT ({self.nan(value)}) AND NOT ({self.infinite(value)})"

    def place(self, value: str, ends: Floats) -> str:
        """The number of ends that are not above a value: groups are closed at the left. NaN and null are in none.

        NaN is asked for first: in some databases it equals itself and is above all numbers, in others it does not.
        """
        return f"CASE WHEN {value} IS NULL OR {self.nan(value)} THEN NULL ELSE {self.counted(value, ends)} END"

    def counted(self, value: str, ends: Floats) -> str:
        """The number of ends that are not above a number."""
        return self._tree(value, ends, 0, len(ends))

    def category(self, value: str, kind: str) -> str:
        """A column as the value by which its levels differ."""
        return value if kind in ("boolean", "integer", "float", "decimal", "moment", "text") else self.text(value)

    def text(self, value: str) -> str:
        """A value of any type as text."""
        return f"CAST({value} AS VARCHAR)"

    def moment(self, value: str) -> str:
        """The condition that a moment is one."""
        return f"{value} IS NOT NULL"

    def rounds(self, value: str) -> str:
        """The condition that a whole number changes as a double."""
        there = f"CAST(CAST({value} AS {self.double}) AS {self.whole})"
        return f"({value} > 9007199254740992 OR {value} < -9007199254740992) AND {there} <> {value}"

    def signed(self, value: str) -> str:
        """A double as a part of a row's hash."""
        return value

    @abstractmethod
    def hashed(self, values: Sequence[str]) -> str:
        """A signed hash of 64 bits of some values; null is a value."""

    def added(self, value: str) -> str:
        """The sum of hashes, which is beyond 64 bits."""
        return f"SUM(CAST({value} AS {self.whole}))"

    def _tree(self, value: str, ends: Floats, low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        lower, upper = self._tree(value, ends, low, middle), self._tree(value, ends, middle + 1, high)
        return f"CASE WHEN {value} < {self.literal(ends[middle])} THEN {lower} ELSE {upper} END"


COMMON = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "VAR_POP", "CAST"})


class Postgres(Dialect):
    """PostgreSQL from version 14 on."""

    name = "postgres"
    tested = True
    nan_is_last = True
    double = "double precision"
    whole = "numeric"
    functions = COMMON | {"WIDTH_BUCKET", "HASH_RECORD_EXTENDED", "ROW", "FLOAT8SEND", "ISFINITE"}

    def finite(self, value: str) -> str:
        return f"{value} - {value} = 0"

    def place(self, value: str, ends: Floats) -> str:
        # NaN is above all ends for it.
        listed = ",".join(map(repr, ends))
        return f"width_bucket({value}, CAST('{{{listed}}}' AS double precision[]))"

    def category(self, value: str, kind: str) -> str:
        # A collation may hold different texts for equal, and so may the equality of intervals or JSON.
        exact = kind in ("boolean", "integer", "float", "decimal", "moment")
        return value if exact else f'{self.text(value)} COLLATE "C"'

    def text(self, value: str) -> str:
        return f"CAST({value} AS text)"

    def moment(self, value: str) -> str:
        return f"isfinite({value})"

    def rounds(self, value: str) -> str:
        # The greatest double below 2^63; a cast of one above it fails.
        back = f"CAST(CAST({value} AS double precision) AS bigint)"
        far = f"{value} > 9007199254740992 OR {value} < -9007199254740992"
        return f"CASE WHEN {far} THEN CASE WHEN {value} > 9223372036854774784 THEN TRUE ELSE {back} <> {value} END END"

    def signed(self, value: str) -> str:
        return f"float8send({value})"

    def added(self, value: str) -> str:
        return f"SUM({value})"  # of bigint it is numeric

    def hashed(self, values: Sequence[str]) -> str:
        return f"hash_record_extended(ROW({', '.join(values)}), 0)"


class BigQuery(Dialect):
    """BigQuery: NaN equals nothing there, not even itself."""

    name = "bigquery"
    double = "FLOAT64"
    whole = "BIGNUMERIC"
    functions = COMMON | {"IS_NAN", "RANGE_BUCKET", "COLLATE", "FARM_FINGERPRINT", "TO_JSON_STRING", "STRUCT"}

    def nan(self, value: str) -> str:
        return f"IS_NAN({value})"

    def counted(self, value: str, ends: Floats) -> str:
        return f"RANGE_BUCKET({value}, [{', '.join(map(self.literal, ends))}])"

    def category(self, value: str, kind: str) -> str:
        return f"COLLATE({value}, '')" if kind == "text" else super().category(value, kind)

    def text(self, value: str) -> str:
        return f"TO_JSON_STRING({value})"

    def hashed(self, values: Sequence[str]) -> str:
        return f"FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({', '.join(values)})))"


class Snowflake(Dialect):
    """Snowflake: its own WIDTH_BUCKET knows cells of equal width alone."""

    name = "snowflake"
    functions = COMMON | {"COLLATE", "HASH", "TO_VARCHAR"}

    def category(self, value: str, kind: str) -> str:
        return f"COLLATE({value}, '')" if kind == "text" else super().category(value, kind)

    def text(self, value: str) -> str:
        return f"TO_VARCHAR({value})"

    def hashed(self, values: Sequence[str]) -> str:
        return f"HASH({', '.join(values)})"


class Databricks(Dialect):
    """Databricks SQL."""

    name = "databricks"
    functions = COMMON | {"ISNAN", "XXHASH64"}

    def nan(self, value: str) -> str:
        return f"isnan({value})"

    def text(self, value: str) -> str:
        return f"CAST({value} AS STRING)"

    def hashed(self, values: Sequence[str]) -> str:
        # A null leaves a hash of several values as it is, so where it stands must be one of them.
        marks = [f"CASE WHEN {value} IS NULL THEN 1 ELSE 0 END" for value in values]
        return f"xxhash64({', '.join([*values, *marks])})"


class Trino(Dialect):
    """Trino, and Athena with it."""

    name = "trino"
    functions = COMMON | {"IS_NAN", "FROM_BIG_ENDIAN_64", "XXHASH64", "TO_UTF8", "JSON_FORMAT", "ROW"}

    def nan(self, value: str) -> str:
        return f"is_nan({value})"

    def hashed(self, values: Sequence[str]) -> str:
        row = f"json_format(CAST(ROW({', '.join(values)}) AS JSON))"
        return f"from_big_endian_64(xxhash64(to_utf8({row})))"


DIALECTS: dict[str, Dialect] = {one.name: one for one in (Postgres(), BigQuery(), Snowflake(), Databricks(), Trino())}
