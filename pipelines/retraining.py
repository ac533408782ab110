"""A retrain that a person asked for: the same training flow, with a request of its own."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime

from monitoring.errors import DriftloopError
from monitoring.ledger import Claim, Ledger, Request, digest
from monitoring.records import Retrain, Window
from monitoring.windows import current_window, training_window
from pipelines import home, recovery, registry
from pipelines.config import Project
from pipelines.reading import read
from pipelines.training_flow import carry_out
from pipelines.work import settings_of


def retrain_now(config: Project, now: datetime) -> Retrain:
    """Train on the newest labelled rows before `now`.

    The same rows, settings and champion are one request: asked for again, it gives the same answer and trains nothing.
    After a rollback it is another request.
    """
    _recover(config, now)
    champion, previous = (registry.aliased(config.model, name) for name in (registry.CHAMPION, registry.PREVIOUS))
    current = current_window(now, config.windows)
    window = training_window(current, config.columns.label_delay, config.learned_span)
    number = champion.number if champion else None
    settings = settings_of(config)
    asked = (config.model, window, number, previous.number if previous else None, settings)
    request = Request(
        request_id=digest("by hand", *asked, _rows(config, window))[:16],
        model=config.model,
        champion=number,
        window=window,
        now=now,
        reason="asked for by hand",
        settings=settings,
    )
    return carry_out(config, request)


def _recover(config: Project, now: datetime) -> None:
    """Finish what a dead process left, unless a check of the model is under way: that one has done it."""
    with (
        closing(Ledger(home.ledger_url())) as ledger,
        ledger.holding(f"check/{config.model}", waiting=None) as claim,
    ):
        if isinstance(claim, Claim):
            recovery.recover(config, ledger, now, logging.getLogger(__name__).warning)


def _rows(config: Project, window: Window) -> str:
    try:
        return str(read.fn(config, window, config.folder).digest)
    except (DriftloopError, OSError):
        # The flow meets the same error, and there it is recorded.
        return "unreadable"
