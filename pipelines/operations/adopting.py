"""Adoption of a model that exists already: fetched, requested, and carried out by the training flow."""

from __future__ import annotations

import json
import shutil
from datetime import datetime

from driftloop.monitoring.ledger import Adoption, Request, digest
from driftloop.monitoring.records import Window
from driftloop.monitoring.windows import current_window, training_window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.adopting import NOTES, adopted_as
from driftloop.pipelines.flows.training import carry_out
from driftloop.pipelines.operations.fetching import Fetched
from driftloop.pipelines.operations.functions import RetrainResult
from driftloop.pipelines.operations.retraining import recover_first
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import home, phases


class Adopted(RetrainResult):
    """The result of an adoption. `notes` is what to know of how the model is read and of its reference."""

    notes: tuple[str, ...] = ()


def adopt_now(config: Project, fetched: Fetched, now: datetime, trained_on: Window | None = None) -> Adopted:
    """Make a fetched model the champion of the config.

    The model that serves already, requested again with the same settings, returns the same result. A model that does
    not fit raises `AdoptionRefused`, and the champion stays.
    """
    phases.enter("looking for work that was left undone")
    recover_first(config, now)
    request = _request(config, fetched, now, trained_on)
    phases.enter("adopting")
    done = carry_out(config, request)
    shutil.rmtree(home.adopting(fetched.digest), ignore_errors=True)
    there = registry.of_request(config.model, done.request_id)
    notes = json.loads(there.tags.get(NOTES, "[]")) if there else []
    return Adopted(**done.model_dump(), model=config.model, notes=tuple(notes))


def _request(config: Project, fetched: Fetched, now: datetime, trained_on: Window | None) -> Request:
    window = training_window(current_window(now, config.windows), config.columns.label_delay, config.learned_span)
    asked = Adoption(**fetched.model_dump(), trained_on=trained_on)
    settings = settings_of(config)
    serves, previous = (registry.aliased(config.model, name) for name in (registry.CHAMPION, registry.PREVIOUS))
    number = serves.number if serves else None
    mine = adopted_as(config.model, asked, settings)
    request_id = digest(mine, number, previous.number if previous else None)[:16]
    if serves is not None and serves.tags.get("driftloop.adopted_as") == mine:
        request_id = serves.tags["driftloop.request_id"]
    return Request(
        request_id=request_id,
        model=config.model,
        champion=number,
        window=window,
        now=now,
        reason=f"adopt {fetched.given}",
        settings=settings,
        adopt=asked,
    )
