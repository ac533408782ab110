"""Windows counted by the database that has the rows, with the same numbers as rows that are read. Judges nothing."""

from driftloop.monitoring.counting.dialects import DIALECTS, Dialect

__all__ = ["DIALECTS", "Dialect"]
