"""Manual retrain: the same training flow, with its own request."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.ledger import Claim, Ledger, Request, digest
from driftloop.monitoring.records import Retrain, Window
from driftloop.monitoring.windows import current_window, training_window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.flows.dividing import trained_by
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.flows.training import carry_out
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import home, phases


def retrain_now(config: Project, now: datetime) -> Retrain:
    """Train on the newest labeled rows before `now`.

    The same rows, settings and champion are one request: a second call returns the same result and trains nothing.
    After a rollback it is another request.
    """
    phases.enter("looking for interrupted work")
    recover_first(config, now)
    phases.enter("finding the champion")
    champion, previous = (registry.aliased(config.model, name) for name in (registry.CHAMPION, registry.PREVIOUS))
    current = current_window(now, config.windows)
    window = training_window(current, config.columns.label_delay, config.learned_span)
    number = champion.number if champion else None
    settings = settings_of(config)
    key = (config.model, window, number, previous.number if previous else None, settings)
    request = Request(
        request_id=digest("manual", *key, _rows(config, window, now))[:16],
        model=config.model,
        champion=number,
        window=window,
        now=now,
        reason="requested manually",
        settings=settings,
    )
    phases.enter("training")
    return carry_out(config, request)


def recover_first(config: Project, now: datetime) -> None:
    """Finish interrupted work, unless a check of the model is running: it has done so."""
    with (
        closing(Ledger(home.ledger_url())) as ledger,
        ledger.holding(f"check/{config.model}", waiting=None) as claim,
    ):
        if isinstance(claim, Claim):
            recovery.recover(config, ledger, now, logging.getLogger(__name__).warning, carry_out=carry_out)


def _rows(config: Project, window: Window, now: datetime) -> str:
    try:
        engine = trained_by(config)
        plan = engine if isinstance(engine, Engine) else None
        return str(read.fn(Query(config, window, config.folder, now), plan).digest)
    except (DriftloopError, OSError):
        # The flow raises and records the same error.
        return "unreadable"
