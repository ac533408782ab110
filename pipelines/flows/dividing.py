"""Whether the workers of an engine read and score the rows of a check, or this process does, and why."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.errors import listed
from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.engine import Engine as Settings
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.engines import Engine, engine_of
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.storage import is_adopted

TRAINS_HERE = "engine: workers do not train; this process reads the rows and trains"


def divided(known: Project, settings: Settings, champion: Version, span: Window) -> Engine | str:
    """Return the engine that reads the rows of a span, or why this process reads all of them.

    `known` is the config with the features of the champion.
    """
    reasons = [*not_divisible(known), *_not_scored(known, champion, span)]
    return "; ".join(reasons) if reasons else engine_of(settings)


def not_divisible(known: Project) -> Iterator[str]:
    """Yield what keeps the workers of an engine from reading the source."""
    if known.source.path is None:
        yield "a table of a database has no files to divide (source.url)"
    if known.source.encoding is not None:
        yield f"files are converted from {known.source.encoding} on this machine (source.encoding)"
    if known.elsewhere:
        yield "the predictions of a model elsewhere are joined by id (predictions.source)"
    if known.labels is not None:
        yield "labels are joined by id (labels)"
    if modules := own_code.modules(known):
        yield f"workers do not have the custom code of {listed(modules)}"


def _not_scored(known: Project, champion: Version, span: Window) -> Iterator[str]:
    if known.drift.reference is not None:
        yield "drift is measured against rows of an earlier period (drift.reference)"
    if is_adopted(registry.folder(champion)):
        yield "the champion is an adopted model, whose library the workers may not have"
    if prediction_log.files_of(known, span):
        yield "predictions of this span are in the prediction log, which is on this machine"
