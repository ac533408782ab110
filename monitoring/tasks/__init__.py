"""The task types, one file each: what follows from `task` in a YAML. Light; no table is read and nothing is fitted."""

from driftloop.monitoring.tasks.base import Task, TaskType
from driftloop.monitoring.tasks.binary import BINARY
from driftloop.monitoring.tasks.multiclass import MULTICLASS
from driftloop.monitoring.tasks.regression import REGRESSION

TASKS: dict[Task, TaskType] = {one.name: one for one in (REGRESSION, BINARY, MULTICLASS)}
"""Every task type by its name in a YAML."""

__all__ = ["BINARY", "MULTICLASS", "REGRESSION", "TASKS", "Task", "TaskType"]
