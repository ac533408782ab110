"""A `Fresh` of a window that the database counted: the counts, the labeled rows that the loss needs, and a sample."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.counting.plan import NotCounted, Plan
from driftloop.monitoring.counting.window import count_window
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.piece import PIECE, canonical
from driftloop.pipelines.data.spread import spread

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored


def read_counted(config: Monitored, plan: Plan, folder: Path, piece: int = PIECE) -> Fresh | str:
    """Have the database count a window, and read few of its rows; return the reason where it cannot count them."""
    try:
        with count_window(config, plan, folder, piece) as (counts, labeled):
            fresh = Fresh(config.columns.time, labeled.schema)
            fresh.counted = counts
            fresh.sample = canonical(counts.sample, config).frame
            for part in spread(partial(canonical, config=config), labeled.frames):
                fresh.add(part, config)
    except NotCounted as error:
        return str(error)
    return fresh
