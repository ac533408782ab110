"""Task types in training, one file each, in addition to their light half in driftloop.monitoring.tasks."""

from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.tasks.base import Training
from driftloop.pipelines.training.tasks.binary import Binary
from driftloop.pipelines.training.tasks.multiclass import Multiclass
from driftloop.pipelines.training.tasks.regression import Regression

TRAININGS: dict[Task, Training] = {one.type.name: one for one in (Regression(), Binary(), Multiclass())}
"""Every task type in training by its name in a YAML."""

__all__ = ["TRAININGS", "Training"]
