"""Rows of a training run: all in memory, or more than fit into it, as the free memory and the config decide."""

from __future__ import annotations

from datetime import datetime

from prefect import get_run_logger

from driftloop.monitoring import sources
from driftloop.monitoring.records import Window
from driftloop.monitoring.tasks import MULTICLASS
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.framed import Canonical
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.no_rows import refuse_no_rows
from driftloop.pipelines.flows import challenger
from driftloop.pipelines.flows.dividing import trained_by
from driftloop.pipelines.flows.reading import read_with
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home, memory
from driftloop.pipelines.training.capacity import Way, refuse_oversized, streams, way_for
from driftloop.pipelines.training.large import large_parts, sample_sentence
from driftloop.pipelines.training.steps import Parts


def read_parts(config: Project, window: Window, against: Version | None, now: datetime) -> tuple[Canonical, Parts]:
    """Read the rows of the window and cut them by time.

    More rows than the estimator can hold raise `TrainingImpossible` before they are read.
    """
    engine = trained_by(config)
    if isinstance(engine, str):
        get_run_logger().info("engine: this process reads the rows and trains: %s", engine)
        engine = None
    if not streams(config):
        count = sources.count_rows(config.source, config.reading.without_labels, window, config.folder)
        refuse_oversized(config, count, memory.free())
    fresh = read_with(config, window, against, now, engine)
    refuse_no_rows(config, len(fresh), window)
    classes = 1 if fresh.apart else _classes(config, fresh)
    refuse_oversized(config, len(fresh), memory.free(), classes)
    if engine is not None and fresh.apart:
        get_run_logger().info("the rows are read %s", engine.sentence(fresh))
    most = config.training.max_rows
    way = Way.APART if fresh.apart else way_for(config, len(fresh), memory.free(), classes)
    if not fresh.apart and (most is None or len(fresh) <= most) and (way is Way.FRAME or not streams(config)):
        rows = Canonical(fresh.frame, fresh.source_types)
        return rows, challenger.split_rows(config, rows, window)
    sampled, parts = large_parts(config, fresh, window, way, home.home())
    get_run_logger().info("%s", sample_sentence(parts, sampled, way, config))
    return sampled, parts


def _classes(config: Project, fresh: Fresh) -> int:
    """Return the number of classes that xgboost grows a tree for in each round: those of `multiclass`, otherwise 1."""
    if config.task != MULTICLASS.name:
        return 1
    found = set[str]()
    for piece in fresh.pieces():
        found.update(map(str, piece[config.columns.target].cat.categories))
    return max(1, len(found))
