"""Names that are made of content: what makes two checks, or two requests, the same one."""

from __future__ import annotations

import hashlib

from driftloop.monitoring.records import Window


def digest(*parts: object) -> str:
    """A stable name for a combination of values, 32 hexadecimal characters.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]


def window_key(model: str, window: Window, champion: str | None, rows_digest: str) -> str:
    """What makes two checks the same: model, window, champion and rows."""
    return digest(model, window.start.isoformat(), window.end.isoformat(), champion, rows_digest)
