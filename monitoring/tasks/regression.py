"""Numbers are predicted."""

from driftloop.monitoring.tasks.base import TaskType

REGRESSION = TaskType(
    name="regression",
    target="numeric",
    prediction="numeric",
    reads="number",
    default_loss="mae",
    has_classes=False,
)
