"""Files, SQL, warehouses -> the rows of a window. The sole owner of ibis and DuckDB; nothing is judged here."""

from driftloop.monitoring.sources.rows import (
    Rows,
    Stream,
    count_rows,
    count_strays,
    fitting,
    in_order_of_time,
    read_rows,
    sample,
    span,
    stream_rows,
)
from driftloop.monitoring.sources.timecolumn import Strays

__all__ = [
    "Rows",
    "Strays",
    "Stream",
    "count_rows",
    "count_strays",
    "fitting",
    "in_order_of_time",
    "read_rows",
    "sample",
    "span",
    "stream_rows",
]
