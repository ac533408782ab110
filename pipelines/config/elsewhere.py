"""Actions that a config with `training: none` does not have, each with what to do in its place."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import Project

Action = Literal["retrain", "predict", "adopt", "promote", "rollback", "backtest", "compare --versions"]
CANNOT: dict[Action, tuple[str, str]] = {
    "retrain": (
        "driftloop does not train this model",
        "retrain it where it is trained; a check makes the new version the champion once it has scored enough rows",
    ),
    "predict": (
        "the model is elsewhere, and its predictions are read from predictions.source",
        "score the rows where the model is; the next check reads its predictions",
    ),
    "adopt": (
        "the champion is the version that serves elsewhere",
        "to adopt a model here, remove predictions.source and set training",
    ),
    "promote": (
        "no challenger waits: a new version serves elsewhere before its predictions are read",
        "deploy the version elsewhere; a check makes it the champion once it has scored enough rows",
    ),
    "rollback": (
        "the version that serves is decided elsewhere",
        "roll back where the model is; a check follows the version that scored most rows of the window",
    ),
    "backtest": (
        "a backtest trains models on the history, and this model is trained elsewhere",
        "replay a check of the past instead: `driftloop check CONFIG --now TIME --dry-run`",
    ),
    "compare --versions": (
        "the models are elsewhere, so they cannot predict the same rows",
        "compare windows of the predictions: driftloop compare CONFIG --windows START..END START..END",
    ),
}


def refuse_elsewhere(config: Project, action: Action) -> None:
    """Raise ConfigError for an action that a model elsewhere does not have."""
    if config.trains:
        return
    why, remedy = CANNOT[action]
    raise ConfigError(
        str(config.file),
        "training",
        f"none, so `driftloop {action}` is not possible: {why}",
        expected=f"a model that is trained here, for `driftloop {action}`",
        remedy=remedy,
    )
