"""Which column is the time, and the SQL that makes times of what people write instead of ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import ConfigError, listed
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql, dialect_of
from driftloop.monitoring.sources.time_forms import PERIODS, for_python, forms_of
from driftloop.monitoring.sources.times import ISO_DAY
from driftloop.pipelines.init import mixed_times

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("time", "timestamp", "ts", "datetime", "date", "event_time", "created_at", "created", "day")
# A number is taken for a time only in a column that is called like one.
CALLED = re.compile(
    r"time|date|epoch|stamp|datum|zeit|fecha|(^|[_\s])(ts|day|at|tag|heure|jour|hora)($|[_\s])", re.IGNORECASE
)
# Seconds, milliseconds, microseconds and nanoseconds since 1970, in a second.
UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
BEYOND = r"-\d{4,}-\d\d-\d\d|\d{5,}-\d\d-\d\d|-?infinity$|<value out of range"
OFFSET = r"^.{10}.*([Zz]|[+-]\d\d(:?\d\d)?)$"
# From 1980 to 2100, in seconds since 1970. The spans of the four units do not touch.
EARLIEST, LATEST = 315_532_800, 4_102_444_800
# The same in days since 1899-12-30, as spreadsheets count them.
FIRST_SERIAL, LAST_SERIAL = 29_221, 73_050


def is_time(values: pd.Series) -> bool:
    """Whether these are timestamps, dates or ISO 8601 text, which need no expression."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return True
    present = values.dropna()
    # A year of five digits, or infinity, comes as text and makes no other column of it.
    present = present[~present.map(_is_beyond_the_years)].head(200)
    if present.empty or not present.map(_is_a_day).all():
        return False
    return bool(pd.to_datetime(present.astype(str), errors="coerce", format="ISO8601", utc=True).notna().all())


def _is_beyond_the_years(value: object) -> bool:
    return isinstance(value, str) and re.match(BEYOND, value) is not None


def _is_a_day(value: object) -> bool:
    return hasattr(value, "isoformat") or (isinstance(value, str) and re.match(ISO_DAY, value) is not None)


def time_column(frame: pd.DataFrame, source: Source) -> str:
    """The column that is most likely the time: one of timestamps before one that an expression makes times of."""
    fitting = [str(column) for column in frame.columns if is_time(frame[column])]
    fitting = fitting or [str(column) for column in frame.columns if readings(frame[column], source)]
    if not fitting:
        hints = [text for column in frame.columns if (text := mixed_times.hint(frame[column]))]
        raise ConfigError(
            "init",
            "--time",
            "no column looks like a time" + (f": {'; '.join(hints[:3])}" if hints else ""),
            expected="a column of timestamps, dates or ISO 8601 text",
            remedy="name it with --time, how it is written with --time-format; there are " + listed(frame.columns, 20),
        )
    known = {column.lower(): column for column in fitting}
    return next((known[name] for name in NAMES if name in known), fitting[0])


def readings(values: pd.Series, source: Source, *, given: bool = False, form: str | None = None) -> tuple[str, ...]:
    """The expressions of the source's SQL that make times of a column, its name that of the series; none if they are.

    More than one if these values do not distinguish days from months. Numbers since 1970 or as 20260131 are
    times where the column is called like a time, or was `given` as one. `form` is a format of `strptime` to use.
    """
    import pandas as pd

    present = values.dropna()
    column = column_sql(source, str(values.name))
    numbers = pd.api.types.is_numeric_dtype(values.dtype)
    if form is not None:
        return (_strptime(f"CAST({column} AS VARCHAR)" if numbers else column, form),)
    if present.empty or is_time(values) or pd.api.types.is_bool_dtype(values.dtype):
        return ()
    engine = dialect_of(source)
    if numbers:
        return tuple(_of_numbers(present, column, engine)) if given or CALLED.search(str(values.name)) else ()
    if engine != "duckdb" or not present.map(lambda value: isinstance(value, str)).all():
        return ()
    found = tuple(_strptime(column, form) for form in _forms(present))
    mixed = mixed_times.forms(present) if not found else None
    return (mixed_times.sql(column, mixed),) if mixed else found


def without_offset(values: pd.Series, how: tuple[str, ...]) -> bool:
    """Return whether times carry no offset, so that the zone they are read in is an assumption.

    `how` are the expressions that make times of the column. Numbers since 1970 are moments.
    """
    import pandas as pd

    if how:
        return "strptime(" in how[0] and "%z" not in how[0]
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return False
    present = values.dropna().head(1000)
    texts = [value for value in present if isinstance(value, str)]
    if texts:
        return not all(re.search(OFFSET, text) for text in texts)
    moments = [value for value in present if isinstance(value, datetime)]
    return not moments or any(moment.tzinfo is None for moment in moments)


def _strptime(column: str, form: str) -> str:
    return f"strptime({column}, '{form.replace(chr(39), chr(39) * 2)}')"


def _of_numbers(present: pd.Series, column: str, engine: str) -> Iterator[str]:
    low, high = float(present.min()), float(present.max())
    for unit in UNITS:
        if EARLIEST * unit <= low and high < LATEST * unit:
            part = column if unit == 1 else f"{column} / {unit}"
            if engine in {"duckdb", "postgres"}:
                yield f"to_timestamp({part})"
            elif engine == "sqlite":
                yield f"datetime({part}, 'unixepoch')"
    if engine == "duckdb" and low >= FIRST_SERIAL and high < LAST_SERIAL:
        yield f"TIMESTAMP '1899-12-30' + to_microseconds(CAST(round({column} * 86400) AS BIGINT) * 1000000)"
    if engine == "duckdb" and (present % 1 == 0).all():
        text = f"CAST({column} AS VARCHAR)"
        yield from (_strptime(text, form) for form in _forms(present.astype("int64").astype(str)))


def _forms(present: pd.Series) -> Iterator[str]:
    import pandas as pd

    texts = pd.Series(present.unique())
    for form in forms_of(texts[0]):
        suffix = for_python("", form)[0]
        known = pd.to_datetime(texts + suffix, errors="coerce", format=for_python("", form)[1])
        # 1234-05 is as likely the number of a part.
        if known.notna().all() and (form not in PERIODS or known.dt.year.between(1980, 2100).all()):
            yield form
