"""Replay of a history under many policies, on arrays alone: no Prefect, no MLflow, nothing is trained or registered."""

from driftloop.pipelines.backtest.costs import PolicyReplay
from driftloop.pipelines.backtest.learning import learn
from driftloop.pipelines.backtest.oracle import best_schedule
from driftloop.pipelines.backtest.replay import Replay, replay

__all__ = ["PolicyReplay", "Replay", "best_schedule", "learn", "replay"]
