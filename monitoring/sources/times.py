"""The time column of a source: the bounds of a window in its own terms, and the way to UTC. No engine lives here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.errors import NotATime
from driftloop.monitoring.records import Window

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal["aware", "naive", "date", "text"]
# Text that may be a time starts like this, and so sorts by day; what follows is parsed when its row is read.
ISO_DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])($|[T ])"
ISO_DAY_GLOB = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
DAY = timedelta(days=1)
# What times of nanoseconds can hold. Beyond it there are only stand-ins such as 9999-12-31 and infinity.
EVER = Window(start=datetime(1678, 1, 1, tzinfo=UTC), end=datetime(2262, 1, 1, tzinfo=UTC))


def kind_of(dtype: pa.DataType) -> Kind | None:
    """The kind of time that an Arrow type can hold, if any."""
    import pyarrow as pa

    if pa.types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    if pa.types.is_timestamp(dtype):
        return "naive" if dtype.tz is None else "aware"
    if pa.types.is_date(dtype):
        return "date"
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return "text" if any(is_text(dtype) for is_text in texts) else None


def bounds(window: Window, kind: Kind, zone: str) -> tuple[str, str]:
    """The half-open window as two texts that an engine reads in the column's own type, to filter by.

    Exact for all kinds but text, which may carry offsets: there it is wider by a day or two on both sides.

    >>> winter = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
    >>> bounds(winter, "naive", "Europe/Berlin")
    ('2026-01-01 01:00:00', '2026-01-08 01:00:00')
    >>> bounds(winter, "date", "Europe/Berlin")
    ('2026-01-02', '2026-01-09')
    """
    window = Window(
        start=min(max(window.start, EVER.start), EVER.end - DAY), end=max(min(window.end, EVER.end), EVER.start + DAY)
    )
    if kind == "aware":
        return window.start.isoformat(sep=" "), window.end.isoformat(sep=" ")
    if kind == "text":
        return (window.start - DAY).date().isoformat(), (window.end + 2 * DAY).date().isoformat()
    start, end = first_local(window.start, zone), first_local(window.end, zone)
    if kind == "date":
        return _next_midnight(start).isoformat(), _next_midnight(end).isoformat()
    return start.isoformat(sep=" "), end.isoformat(sep=" ")


def first_local(moment: datetime, zone: str) -> datetime:
    """The earliest clock reading in `zone` that is read as `moment` or later.

    Readings are placed as `localized` does it, which never runs backwards; so a window is one span of readings, also
    across a change of the clocks. In the night below 02:30 comes twice and is read as the first one, 00:30 UTC; no
    local time is 01:30 UTC.

    >>> first_local(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.datetime(2026, 10, 25, 2, 30)
    >>> first_local(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Berlin")
    datetime.datetime(2026, 10, 25, 3, 0)
    """
    import pandas as pd

    def placed(reading: datetime) -> datetime:
        known = pd.Timestamp(reading).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        return known.tz_convert("UTC").to_pydatetime()

    base = moment.astimezone(UTC).replace(tzinfo=None)
    low, high = base - 2 * DAY, base + 2 * DAY  # no zone is further from UTC than that, not even on the date line
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) // 2
        if placed(middle) >= moment:
            high = middle
        else:
            low = middle
    return high


def _next_midnight(reading: datetime) -> date:
    return reading.date() if reading.time() == time.min else reading.date() + DAY


def localized(times: pd.Series[Any], zone: str) -> pd.Series[Any]:
    """Clock readings of `zone` in UTC: a reading that came twice is the first one, a skipped one the next that was."""
    import numpy as np

    first = np.ones(len(times), dtype=bool)
    known: pd.Series[Any] = times.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    in_utc: pd.Series[Any] = known.dt.tz_convert("UTC")
    return in_utc


def to_utc(times: pd.Series[Any], kind: Kind, zone: str, where: str) -> pd.Series[Any]:
    """The column as datetime64[us, UTC], whatever it was. Raises NotATime for text that is none."""
    import pandas as pd

    if times.empty:
        return pd.Series([], dtype="datetime64[us, UTC]", name=times.name)
    if kind == "text":
        known = _parsed(times, zone, where)
    elif kind == "aware":
        known = times.dt.tz_convert("UTC")
    else:
        # pandas looks at every value of moments, too, to find out that there is nothing to be parsed
        known = localized(times if pd.api.types.is_datetime64_dtype(times.dtype) else pd.to_datetime(times), zone)
    # Down, never up: a row just before the end of a window must not be moved onto the end.
    floored: pd.Series[Any] = (known.dt.floor("us") if known.dt.unit == "ns" else known).dt.as_unit("us")
    return floored


def _parsed(texts: pd.Series[Any], zone: str, where: str) -> pd.Series[Any]:
    import pandas as pd

    texts = texts.astype(str)
    offset = texts.str.contains(r"^.{10}.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$", regex=True).to_numpy(dtype=bool)
    known = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us, UTC]", name=texts.name)
    if offset.any():
        known[offset] = pd.to_datetime(texts[offset], format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    if not offset.all():
        naive = pd.to_datetime(texts[~offset], format="ISO8601", errors="coerce")
        known[~offset] = localized(naive.dt.as_unit("us"), zone)
    if known.isna().any():
        raise NotATime(where, str(texts.name), f"text that is not a time, such as {texts[known.isna()].iloc[0]!r}")
    return known
