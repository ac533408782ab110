"""Past checks of the current champion, or since the last training, as several policies read them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from driftloop.monitoring.records import UNTRAINED, History, Outcome, PastCheck, Signals


def tenure(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return the checks of the current champion since the last retrain, oldest first.

    A rejected retrain also starts a new tenure: it has shown that a retrain currently gains nothing.
    """
    return _since_retrain(reign(signals, history), history)


def since_training(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return the checks since the last retrain, oldest first, of every version that serves since without a training.

    A switch back or a recalibration trains nothing: what staleness has cost since the last training still counts.
    """
    return _since_retrain(tuple(_across_switches(signals, history))[::-1], history)


def since_cure(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return the checks of `since_training` after the last recalibration, which repaid what was lost before."""
    checks = since_training(signals, history)
    last = max((at for at, check in enumerate(checks) if check.outcome is Outcome.RECALIBRATED), default=-1)
    return checks[last + 1 :]


def reign(signals: Signals, history: History) -> tuple[PastCheck, ...]:
    """Return all checks of the current champion, oldest first, across rejected retrains."""
    checks = tuple(takewhile(lambda check: check.champion == signals.champion, reversed(history.checks)))
    return checks[::-1]


def _since_retrain(checks: tuple[PastCheck, ...], history: History) -> tuple[PastCheck, ...]:
    last = max((retrain.now for retrain in history.retrains), default=None)
    return tuple(check for check in checks if last is None or check.now > last)


def _across_switches(signals: Signals, history: History) -> Iterator[PastCheck]:
    """Yield past checks, newest first, back to the first one of the version that was trained last."""
    serves = signals.champion
    for check in reversed(history.checks):
        # The check that switched back or recalibrated was still of the version before.
        if check.champion != serves and check.outcome not in UNTRAINED:
            return
        serves = check.champion
        yield check
