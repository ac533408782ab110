"""A retrain that a person asked for: the same training flow, with a request of its own."""

from __future__ import annotations

from datetime import datetime

from monitoring.ledger import digest
from monitoring.records import Retrain
from monitoring.windows import current_window, training_window
from pipelines import registry
from pipelines.config import Project
from pipelines.training_flow import training_flow


def retrain_now(config: Project, now: datetime) -> Retrain:
    """Train on the newest labelled rows before `now`. The same rows, champion and settings are one request."""
    champion = registry.aliased(config.model, registry.CHAMPION)
    current = current_window(now, config.windows)
    window = training_window(current, config.columns.label_delay, config.training.window)
    number = champion.number if champion else None
    settings = config.model_dump_json(exclude={"file", "schedule", "policies"})
    return training_flow(
        config=config,
        request_id=digest("by hand", config.model, window, number, settings)[:16],
        window=window,
        champion=number,
        now=now,
    )
