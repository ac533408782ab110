"""Labels in a table of their own: read as of a moment, and joined to the rows of a window by key."""

from driftloop.monitoring.sources.labels.counting import LabelCounts, count_labels
from driftloop.monitoring.sources.labels.join import CHANGED, DISPUTED, HIDDEN, KNOWN, LABELS, Join, joining
from driftloop.monitoring.sources.labels.versions import label_versions

__all__ = [
    "CHANGED",
    "DISPUTED",
    "HIDDEN",
    "KNOWN",
    "LABELS",
    "Join",
    "LabelCounts",
    "count_labels",
    "joining",
    "label_versions",
]
