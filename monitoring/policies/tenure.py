"""The checks of the past that the champion of today has gone through. No policy; several look at it."""

from __future__ import annotations

from monitoring.records import History, PastCheck, Signals


def tenure(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """The newest checks under the same champion, and after the last retrain, oldest first.

    A retrain that was rejected ends a tenure too: it was a proof that nothing can be won by now.
    """
    last = max((retrain.now for retrain in history.retrains), default=None)
    mine = 0
    for check in reversed(history.checks):
        if check.champion != signals.champion or (last is not None and check.now <= last):
            break
        mine += 1
    return history.checks[len(history.checks) - mine :]
