"""Processes that die for real: forked from one that has imported everything, so that a death costs seconds, not ten."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest

from tests.conftest import Model
from tests.faults import lives
from tests.servers.postgres import Postgres
from tests.streams import stream

DEATH = 180


@pytest.fixture(scope="session")
def fork(prefect: None) -> Callable[..., ForkServerProcess]:
    """Starts a function of `lives` in a process of its own, on the session's state folder and Prefect server."""
    from driftloop.pipelines.flows.warmup import _server

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([lives.__name__])

    def start(life: Callable[..., None], *words: Any, at: str = "") -> ForkServerProcess:
        ledger = os.environ.get("DRIFTLOOP_LEDGER_URL")
        process = context.Process(target=lives.live, args=(_server().url, ledger, at, life, *words))
        process.start()
        return process

    return start


@pytest.fixture
def killed(fork: Callable[..., ForkServerProcess]) -> Callable[[str, Callable[..., None], str, datetime], None]:
    """Runs a life until it is killed at a point; it is an error if it survives."""

    def run(point: str, life: Callable[..., None], file: str, now: datetime) -> None:
        process = fork(life, file, now, at=point)
        process.join(DEATH)
        # A temporary server writes down the states of tasks once a second, and at its end; this one lives on.
        time.sleep(1.5)
        assert process.exitcode == -9, f"it was to be killed at {point!r} and ended with {process.exitcode}"

    return run


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.faults)])
def either_ledger(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs on the ledger of the state folder, and on one in PostgreSQL."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", server.url(server.place()))


@pytest.fixture
def shifted(model: Callable[..., Model]) -> Callable[..., Model]:
    """Makes a model whose champion of day 21 is wrong from then on: a check of day 42 retrains and promotes."""

    def make(**more: Any) -> Model:
        spans = {"training__window": "14d", "training__holdout": "4d"}
        return model(stream(56, concept_shift_at=21), drift__report_columns=1, **spans, **more)

    return make
