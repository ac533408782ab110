"""What every task type is: what follows from `task` in a YAML, as far as reading and judging need it.

How models of a task are fitted, and what is drawn of them, is in driftloop.pipelines.training.tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from driftloop.monitoring.records import Kind
from driftloop.monitoring.settings.columns import ColumnType

Task = Literal["regression", "binary", "multiclass"]


@dataclass(frozen=True)
class TaskType:
    """One task type.

    `target` and `prediction` are how these columns are scored, `reads` is how the text of a file is read as a target,
    and `default_loss` counts where a config names none. `has_classes` separates names from numbers; where `closed` is
    set, the classes of the reference are all that there can be.
    """

    name: Task
    target: Kind
    prediction: Kind
    reads: ColumnType
    default_loss: str
    has_classes: bool
    closed: bool = False
