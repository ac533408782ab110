"""The HTML report of a check, drawn by Evidently with our verdict on top. What a verdict is, is decided elsewhere."""

from driftloop.monitoring.report.drawing import Measured, measure, renew_report, write_report
from driftloop.monitoring.report.evidently_parts import preload

__all__ = ["Measured", "measure", "preload", "renew_report", "write_report"]
