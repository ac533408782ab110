"""Whether the workers of an engine read and score rows, and train on them, or this process does, and why."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.engine import Engine as Settings
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from driftloop.pipelines.engines import Engine, engine_of
from driftloop.pipelines.engines.divisible import not_divisible
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.capacity import streams
from driftloop.pipelines.training.storage import is_adopted

# Trees that xgboost grows on rows that are not in one memory.
STREAMED = {"tree_method": ("hist", "auto"), "booster": ("gbtree", "dart")}


def divided(known: Project, settings: Settings, champion: Version, span: Window) -> Engine | str:
    """Return the engine that reads the rows of a span, or why this process reads all of them.

    `known` is the config with the features of the champion.
    """
    reasons = [*not_divisible(known), *_not_scored(known, champion, span)]
    return "; ".join(reasons) if reasons else engine_of(settings)


def trained_by(config: Project) -> Engine | str | None:
    """Return the engine that reads the rows of a training run, and trains; or why this process does; None without one.

    With `training.max_rows` the workers read, and this process trains on the rows that are drawn.
    """
    if config.engine is None:
        return None
    engine, reasons = engine_of(config.engine), [*not_divisible(config), *_not_trained(config)]
    return "; ".join(reasons) if reasons else engine


def read_by(config: Project) -> Engine | None:
    """Return the engine that reads rows of which some are drawn; None where this process reads them."""
    return None if config.engine is None or any(not_divisible(config)) else engine_of(config.engine)


def _not_trained(config: Project) -> Iterator[str]:
    training = config.training
    if isinstance(training.window, ChosenSpan):
        yield "spans of the history are compared in this process (training.window: choose)"
    if training.max_rows is not None:
        return
    if not streams(config):
        yield f"{training.estimator} learns from rows in the memory of this process (training.max_rows limits them)"
        return
    for name, values in STREAMED.items():
        value = training.params.get(name, values[0])
        if value not in values:
            yield f"xgboost with {name} {value} needs all rows in the memory of this process (training.params)"


def _not_scored(known: Project, champion: Version, span: Window) -> Iterator[str]:
    if known.drift.reference is not None:
        yield "drift is measured against rows of an earlier period (drift.reference)"
    if is_adopted(registry.folder(champion)):
        yield "the champion is an adopted model, whose library the workers may not have"
    if prediction_log.files_of(known, span):
        yield "predictions of this span are in the prediction log, which is on this machine"
