"""One of two classes is predicted: the prediction is the probability of the second."""

from driftloop.monitoring.tasks.base import TaskType

BINARY = TaskType(
    name="binary",
    target="categorical",
    prediction="numeric",
    reads="text",
    default_loss="log_loss",
    has_classes=True,
    closed=True,
)
