"""What a check found of labels in a table of their own: how many rows have one, and how long labels took."""

from __future__ import annotations

from pydantic import computed_field, model_validator

from driftloop.monitoring.records.base import Record, Window


class LabelStatus(Record):
    """Rows older than `columns.label_delay`, how many of them have a label, and the delay of these labels.

    A delay is the time from a row to the moment at which its first label became known, in days; None where the table
    of labels has no time, or no row has a label.
    """

    window: Window
    rows: int
    labeled: int
    delay_median_days: float | None = None
    delay_p95_days: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _computed(cls, given: object) -> object:
        return {key: given[key] for key in given if key != "coverage"} if isinstance(given, dict) else given

    @computed_field  # type: ignore[prop-decorator]
    @property
    def coverage(self) -> float | None:
        """The share of the rows that have a label; None without rows."""
        return self.labeled / self.rows if self.rows else None

    def sentence(self) -> str:
        """Coverage and delay as text.

        >>> week = Window(start="2026-01-01", end="2026-01-08")
        >>> LabelStatus(window=week, rows=200, labeled=150, delay_median_days=2.25, delay_p95_days=0.5).sentence()
        '75.0% of 200 rows that are due have a label; delay: median 2.2d, 95th percentile 12.0h'
        >>> LabelStatus(window=week, rows=0, labeled=0).sentence()
        'no row is older than columns.label_delay'
        """
        if self.coverage is None:
            return "no row is older than columns.label_delay"
        about = f"{self.coverage:.1%} of {self.rows:,} rows that are due have a label"
        if self.delay_median_days is None or self.delay_p95_days is None:
            return about
        ends = f"median {_days(self.delay_median_days)}, 95th percentile {_days(self.delay_p95_days)}"
        return f"{about}; delay: {ends}"


def _days(days: float) -> str:
    if abs(days) >= 1:
        return f"{days:.1f}d"
    return f"{days * 24:.1f}h" if abs(days) * 24 >= 1 else f"{days * 1440:.0f}m"
