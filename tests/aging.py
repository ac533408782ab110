"""Matrices of models that age by a rule, and a study of them: what can be counted manually."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from driftloop.monitoring.policies import Never
from driftloop.monitoring.records import Window
from driftloop.pipelines.backtest.candidates import candidates
from driftloop.pipelines.backtest.matrices import Matrices
from driftloop.pipelines.backtest.study import Study, study
from driftloop.pipelines.config.project import Policies
from tests.streams import day

WEEK = timedelta(days=7)
NEVER = Never()


def aging(batches: int = 40, rate: float = 0.1, seed: int | None = None) -> Matrices:
    """Models that lose `rate` a batch, probes that are worse by 0.05; with a seed, batches of different hardness."""
    at = np.arange(float(batches))
    loss = 1.0 + rate * (at[None, :] - at[:, None] - 1.0)
    if seed is not None:
        loss = loss * np.random.default_rng(seed).uniform(0.8, 1.2, batches)
    windows = tuple(Window(start=day(7 * n), end=day(7 * n + 7)) for n in range(batches))
    return Matrices(loss, np.full_like(loss, 0.01), loss + 0.05, np.full(batches, 500), windows)


def done(matrices: Matrices, own: Any = NEVER, asked: tuple[str, ...] = (), **more: Any) -> Study:
    given = {"model": "shop", "loss_name": "mae", "every": WEEK, **more}
    return study(matrices, candidates(Policies(triggers=(own,), guards=()), asked), **given)
