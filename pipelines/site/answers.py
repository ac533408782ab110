"""Short answers at the top of a model's page: since when it serves, what drifted first, the loss before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.errors import listed
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import Check
from driftloop.pipelines.site.history import ModelHistory

MONTH = timedelta(days=30)
# A check this far from a month ago is not compared.
TOLERANCE = timedelta(days=12)
MOST_NAMED = 4


def serving_since(history: ModelHistory) -> datetime | None:
    """Return when the champion began to serve without a break; None if that is older than the page."""
    champion = history.champion
    if champion is None:
        return None
    moments = [check.now for check in history.checks if check.champion_after == champion != check.champion]
    moments += [move.moment for move in history.moves if move.version == champion]
    moments += [
        request.asked_at
        for request in history.requests
        if request.retrain and request.retrain.promoted and request.retrain.version == champion
    ]
    return max(moments, default=None)


def drifted_first(checks: Sequence[Check]) -> str | None:
    """Return which columns drifted first in the newest stretch of checks with drift, oldest check first; None without.

    A check that measured no drift does not end a stretch.
    """
    judged = [check for check in checks if check.columns]
    ends = [at for at, check in enumerate(judged) if any(score.drifted for score in check.columns)]
    if not ends:
        return None
    first = last = ends[-1]
    while first - 1 in ends:
        first -= 1
    scores = sorted((one for one in judged[first].columns if one.drifted), key=lambda one: -strain(one))
    names = listed([one.name for one in scores], MOST_NAMED)
    over = "" if last == len(judged) - 1 else f"; none drifted after {judged[last].now:%Y-%m-%d}"
    return f"{names} on {judged[first].now:%Y-%m-%d}{over}"


def month_before(history: ModelHistory) -> str | None:
    """Compare the newest loss with that of the check closest to a month before it; None without such a check."""
    measured = [check for check in history.checks if check.performance]
    if not measured or measured[-1].performance is None:
        return None
    newest, now = measured[-1], measured[-1].performance
    then = min(measured, key=lambda check: abs(newest.now - MONTH - check.now))
    past = then.performance
    if past is None or abs(newest.now - MONTH - then.now) > TOLERANCE or past.loss_name != now.loss_name:
        return None
    rise = now.loss / past.loss - 1 if past.loss > 0 else 0.0
    change = f": {abs(rise):.0%} {'higher' if rise > 0 else 'lower'} now" if abs(rise) >= 0.005 else ""
    other = f", version {then.champion} served" if then.champion != newest.champion else ""
    return f"{past.title} {number(past.loss)} on {then.now:%Y-%m-%d}{other}{change}"
