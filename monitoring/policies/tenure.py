"""Past checks of the current champion, as several policies read them."""

from __future__ import annotations

from itertools import takewhile

from driftloop.monitoring.records import History, PastCheck, Signals


def tenure(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return the checks of the current champion since the last retrain, oldest first.

    A rejected retrain also starts a new tenure: it has shown that a retrain currently gains nothing.
    """
    last = max((retrain.now for retrain in history.retrains), default=None)
    return tuple(check for check in reign(signals, history) if last is None or check.now > last)


def reign(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return all checks of the current champion, oldest first, across rejected retrains."""
    checks = tuple(takewhile(lambda check: check.champion == signals.champion, reversed(history.checks)))
    return checks[::-1]
