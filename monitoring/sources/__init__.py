"""Files, SQL, warehouses -> the rows of a window. The sole owner of ibis and DuckDB; nothing is judged here."""

from monitoring.sources.rows import Rows, count_rows, read_rows, sample, span

__all__ = ["Rows", "count_rows", "read_rows", "sample", "span"]
