"""Files, SQL, warehouses -> the rows of a window. The sole owner of ibis and DuckDB; nothing is judged here."""

from driftloop.monitoring.sources.rows import (
    Rows,
    Stream,
    count_rows,
    fitting,
    in_order_of_time,
    read_rows,
    sample,
    span,
    stream_rows,
)

__all__ = ["Rows", "Stream", "count_rows", "fitting", "in_order_of_time", "read_rows", "sample", "span", "stream_rows"]
