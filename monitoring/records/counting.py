"""Where the rows of a check were counted: in the database that has them, by an engine, or here after reading."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from driftloop.monitoring.records.base import Record


class Counting(Record):
    """Where the rows of the window were counted, and why.

    If by the `database`, `sampled` rows came over for the report, predictions and estimate, `labeled` rows for the
    loss (None if nothing reads a loss), and `by_row` are the columns that were read whole, each with the reason. If by
    an `engine`, `reason` names it.
    """

    by: Literal["database", "engine", "rows"]
    reason: str = ""
    sampled: int | None = None
    labeled: int | None = None
    by_row: dict[str, str] = Field(default_factory=dict)

    def sentence(self) -> str:
        """The same as text.

        >>> Counting(by="rows", reason="rows have weights").sentence()
        'all rows were read: rows have weights'
        >>> Counting(by="database", sampled=20000, by_row={"user": "it has too many values"}).sentence()
        'by the database; 20,000 sampled rows were read for the report and predictions; user was read whole: it has \
too many values'
        """
        if self.by == "engine":
            return self.reason
        if self.by == "rows":
            return f"all rows were read: {self.reason}"
        parts = ["by the database", f"{self.sampled or 0:,} sampled rows were read for the report and predictions"]
        if self.labeled is not None:
            parts.append(f"{self.labeled:,} labeled rows were read for the loss")
        parts += [f"{name} was read whole: {reason}" for name, reason in self.by_row.items()]
        if self.reason:
            parts.append(self.reason)
        return "; ".join(parts)
