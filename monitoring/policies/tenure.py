"""The checks of the past that the champion of today has gone through. No policy; several look at it."""

from __future__ import annotations

from itertools import takewhile

from driftloop.monitoring.records import History, PastCheck, Signals


def tenure(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """The newest checks under the same champion, and after the last retrain, oldest first.

    A retrain that was rejected ends a tenure too: it was a proof that nothing can be won by now.
    """
    last = max((retrain.now for retrain in history.retrains), default=None)
    return tuple(check for check in reign(signals, history) if last is None or check.now > last)


def reign(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """The newest checks under the same champion, whatever was asked for and rejected between them, oldest first."""
    mine = tuple(takewhile(lambda check: check.champion == signals.champion, reversed(history.checks)))
    return mine[::-1]
