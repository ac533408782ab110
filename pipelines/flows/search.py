"""Random search over parameters: trials are concurrent Prefect tasks, each with its own nested MLflow run."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.training.steps import learn, losses


@step(name="search parameters", cache_policy=NO_CACHE)
def search(config: Project, train: pd.DataFrame, parent_run_id: str) -> dict[str, Any]:
    """Draw `trials` parameter sets, judge each on the newest fifth of the training rows, return the best one.

    The gate's holdout is not touched. Every trial logs through the client with its own run id: MLflow's active run
    belongs to a thread, and trials on several threads would otherwise write into each other's runs.
    """
    settings = config.training.search
    assert settings is not None
    drawn = draw(settings.space, settings.trials, config.training.seed)
    cut = int(len(train) * 0.8)
    older, newest = train.iloc[:cut], train.iloc[cut:]
    shared = {"config": config, "older": older, "newest": newest, "parent": parent_run_id}
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=settings.threads)
    with runner:
        futures = [runner.submit(trial, {**shared, "params": params}) for params in drawn]
        results = [future.result() for future in futures]
    # A trial whose loss is not finite is the worst, not the first.
    best = int(np.argmin([loss if np.isfinite(loss) else np.inf for loss in results]))
    return {**config.training.params, **drawn[best]}


@step(name="trial", cache_policy=NO_CACHE)
def trial(config: Project, older: pd.DataFrame, newest: pd.DataFrame, params: dict[str, Any], parent: str) -> float:
    """Fit one parameter set and return its mean loss."""
    run_id = evidence.open_run(
        config.model,
        "trial",
        parent=parent,
        tags={"driftloop.kind": "trial", "thread": threading.current_thread().name},
    )
    try:
        loss = float(losses(config, learn(config, older, params), newest).mean())
        evidence.log_numbers(run_id, {"loss": loss}, params)
    except BaseException as error:
        evidence.close_run(run_id, failed=f"{type(error).__name__}: {error}")
        raise
    evidence.close_run(run_id)
    return loss


def draw(space: dict[str, list[Any]], trials: int, seed: int) -> list[dict[str, Any]]:
    """Draw random parameter sets. Two numbers are the ends of a range; whole ends mean whole numbers.

    >>> draw({"max_depth": [3, 5], "kind": ["a"]}, 2, seed=1)
    [{'max_depth': 4, 'kind': 'a'}, {'max_depth': 4, 'kind': 'a'}]
    """
    generator = np.random.default_rng(seed)
    return [{name: _one(values, generator) for name, values in space.items()} for _ in range(trials)]


def _one(values: list[Any], generator: np.random.Generator) -> Any:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(values) == 2 and len(numbers) == 2:
        low, high = sorted(numbers)
        if isinstance(low, int) and isinstance(high, int):
            return int(generator.integers(low, high + 1))
        # Parameters that span orders of magnitude, such as a learning rate, are drawn evenly over their logarithm.
        if low > 0 and high / low >= 10:
            return float(np.exp(generator.uniform(np.log(low), np.log(high))))
        # Between 0 and -0.0, which are equal, numpy draws nothing.
        return float(generator.uniform(low, high)) if low < high else float(low)
    return values[int(generator.integers(len(values)))]
