"""Files, SQL, warehouses -> the rows of a window. The sole owner of ibis and DuckDB; nothing is judged here."""

from driftloop.monitoring.sources.labels import (
    CHANGED,
    DISPUTED,
    HIDDEN,
    KNOWN,
    LABELS,
    LabelCounts,
    count_labels,
    label_versions,
)
from driftloop.monitoring.sources.lake import pinned, versions_read
from driftloop.monitoring.sources.predictions import Serving, count_predictions, serving
from driftloop.monitoring.sources.rows import (
    Rows,
    Stream,
    count_rows,
    count_strays,
    fitting,
    in_order_of_time,
    newest,
    read_rows,
    sample,
    span,
    stream_rows,
)
from driftloop.monitoring.sources.timecolumn import Strays

__all__ = [
    "CHANGED",
    "DISPUTED",
    "HIDDEN",
    "KNOWN",
    "LABELS",
    "LabelCounts",
    "Rows",
    "Serving",
    "Strays",
    "Stream",
    "count_labels",
    "count_predictions",
    "count_rows",
    "count_strays",
    "fitting",
    "in_order_of_time",
    "label_versions",
    "newest",
    "pinned",
    "read_rows",
    "sample",
    "serving",
    "span",
    "stream_rows",
    "versions_read",
]
