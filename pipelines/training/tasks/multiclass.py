"""Many classes."""

from driftloop.monitoring.tasks import MULTICLASS
from driftloop.pipelines.training.tasks.classes import Classes


class Multiclass(Classes):
    """As many classes as the labels name."""

    type = MULTICLASS
    target_type = "multiclass"
