"""What the processes do that are killed. Imported once by the server that forks them, before any thread runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

import driftloop.pipelines.flows.monitoring
import driftloop.pipelines.flows.training
import driftloop.pipelines.requests.finishing
from driftloop.pipelines.config.project import load
from driftloop.pipelines.registry import flow_runs
from driftloop.pipelines.runtime.failpoints import VARIABLE
from driftloop.pipelines.service.checks import LATER
from tests.streams import flow_config

# As the service does it: a life does not spend most of its time on imports.
for name in (*LATER, "xgboost"):
    import_module(name)


def live(url: str, ledger: str | None, point: str, life: Callable[..., None], *words: Any) -> None:
    """Live on the session's Prefect server and a ledger until that point; "" is to the end."""
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    os.environ[VARIABLE] = point
    # The process that forks was begun by some test, on the ledger of that one.
    os.environ.pop("DRIFTLOOP_LEDGER_URL", None)
    if ledger is not None:
        os.environ["DRIFTLOOP_LEDGER_URL"] = ledger
    settings = temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    with settings, flow_runs.owned():
        life(*words)


def nothing() -> None:
    """A life of no length."""


def check(file: str, now: datetime) -> None:
    """One check."""
    driftloop.pipelines.flows.monitoring.monitoring_flow(config=flow_config(file), now=now)


def checks_in_step(file: str, moments: list[datetime], step: Any) -> None:
    """One check after the other, each begun at the same moment as that of the other processes."""
    for now in moments:
        step.wait(180)
        check(file, now)


def adopt(file: str, now: datetime) -> None:
    """One adoption of the model that is saved next to the config."""
    from driftloop.pipelines.operations.adopting import adopt_now
    from driftloop.pipelines.operations.fetching import fetch

    config = load(file)
    adopt_now(config, fetch(config, str(config.folder / "theirs")), now)


def retrain(file: str, now: datetime) -> None:
    """One retrain manually."""
    from driftloop.pipelines.operations.retraining import retrain_now

    retrain_now(load(file), now)
