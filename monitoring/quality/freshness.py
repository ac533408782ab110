"""Finding about the age of the newest row (`preflight.max_silence`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from driftloop.monitoring.records import Finding, FindingCode
from driftloop.monitoring.settings.durations import format_duration
from driftloop.monitoring.settings.rules import Silence

STALE = FindingCode(
    name="stale",
    severities=("fatal", "error", "warning"),
    meaning="the newest row of the source is older than `preflight.max_silence`",
    cause="the program that delivers the rows stopped, or delivers later than the limit allows",
    remedy="restart the delivery, or raise `preflight.max_silence` if rows may be this late",
)


def stale(newest: datetime | None, silence: Silence, now: datetime) -> Finding | None:
    """Report a newest row, or a source without one, that is too old as of `now`.

    >>> stale(datetime(2026, 1, 1, 6), Silence(after="2h"), datetime(2026, 1, 1, 9, 30)).message
    'no row for 3h30m: the newest is from 2026-01-01 06:00 UTC (preflight.max_silence: 2h)'
    >>> stale(datetime(2026, 1, 1, 8), Silence(after="2h"), datetime(2026, 1, 1, 9, 30)) is None
    True
    """
    limit = silence.after.total_seconds()
    of = f"(preflight.max_silence: {format_duration(silence.after)})"
    if newest is None:
        message = f"the source has no row up to {now:%Y-%m-%d %H:%M} UTC {of}"
        return STALE.found(message, severity=silence.severity, limit=limit)
    age = now - newest
    if age <= silence.after:
        return None
    return STALE.found(
        f"no row for {format_age(age)}: the newest is from {newest:%Y-%m-%d %H:%M} UTC {of}",
        severity=silence.severity,
        observed=age.total_seconds(),
        limit=limit,
    )


def stale_of(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding that the newest row is too old, if it is among these."""
    return next((finding for finding in findings if finding.code == STALE.name), None)


def format_age(age: timedelta) -> str:
    """Return an age with its two largest units.

    >>> format_age(timedelta(days=3, hours=5, minutes=9)), format_age(timedelta(seconds=7))
    ('3d5h', '7s')
    """
    minutes, seconds = divmod(int(age.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return "".join(f"{number}{unit}" for number, unit in parts[first : first + 2] if number) or "0s"
