"""One of many classes is predicted: the prediction is the likeliest."""

from driftloop.monitoring.tasks.base import TaskType

MULTICLASS = TaskType(
    name="multiclass",
    target="categorical",
    prediction="categorical",
    reads="text",
    default_loss="log_loss",
    has_classes=True,
)
