"""How a column came to canonical rows: counts of what was changed, which add up over parts of a window, as findings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from driftloop.monitoring.records import Finding, FindingCode

# So far from zero, in units of their range, numbers have no digits left for statistics; squares of huge ones overflow.
FAR, HUGE = 2e13, 1e140
# A category needs no more characters; of longer text a checksum keeps different ones apart.
LONGEST_TEXT, CUT = 4096, "... "

INFINITE = FindingCode(
    name="infinite",
    severities=("warning",),
    meaning="a numeric column has infinite values, which count as missing",
    cause="a division by zero or an overflow upstream",
    remedy="replace them in the source or in `columns.derived`",
)
ROUNDED = FindingCode(
    name="rounded",
    severities=("warning",),
    meaning="whole numbers above 2^53 are rounded to the nearest floating-point number",
    cause="ids or nanoseconds in a numeric column",
    remedy="move ids to `columns.categorical`; subtract an offset from other numbers in `columns.derived`",
)
LONG_TEXT = FindingCode(
    name="long_text",
    severities=("warning",),
    meaning="a category is longer than 4,096 characters and is cut, with a checksum of the whole text",
    cause="free text or a document in a categorical column",
    remedy="remove the column from the features, or derive a short category",
)
BEYOND_PRECISION = FindingCode(
    name="beyond_precision",
    severities=("warning",),
    meaning="the differences between the numbers of a column are smaller than the 16 digits of a number can show",
    cause="small differences on a very large offset, such as times in nanoseconds",
    remedy="subtract the offset or rescale in `columns.derived`",
)
TYPE_CHANGED = FindingCode(
    name="type_changed",
    severities=("error", "warning"),
    meaning="a numeric column arrived as text; values that are not numbers count as missing (an error if all are so)",
    cause="another number format, units or words among the numbers, or a changed source",
    remedy="fix the source, or set `columns.types` (decimal_comma, thousands_comma)",
)


@dataclass(frozen=True)
class Coerced:
    """Counts of the values of a column by how they were converted; parts of a window add up."""

    name: str
    rows: int
    given: int
    lost: int
    infinite: int
    text: bool
    came_as: str
    example: str
    rounded: int = 0
    low: float = math.inf
    high: float = -math.inf
    cut: int = 0

    def __add__(self, other: Coerced) -> Coerced:
        source = self if self.lost or (self.text and not other.lost) else other
        return Coerced(
            self.name,
            self.rows + other.rows,
            self.given + other.given,
            self.lost + other.lost,
            self.infinite + other.infinite,
            self.text or other.text,
            source.came_as,
            source.example,
            self.rounded + other.rounded,
            min(self.low, other.low),
            max(self.high, other.high),
            self.cut + other.cut,
        )

    def findings(self) -> Iterator[Finding]:
        """Report conversions that changed or lost values."""
        if self.given and (self.text or self.lost):
            yield self._type_changed()
        if self.infinite:
            plural = f"{self.infinite:,} infinite values in {self.rows:,} rows; they count as null"
            singular = f"1 infinite value in {self.rows:,} rows; it counts as null"
            yield INFINITE.found(
                f"{self.name} has {singular if self.infinite == 1 else plural}",
                column=self.name,
                observed=self.infinite / self.rows,
                limit=0.0,
            )
        if self.rounded:
            yield ROUNDED.found(
                f"{self.name} has {self.rounded:,} whole numbers above 2^53 in {self.rows:,} rows, which are "
                "rounded. If they are ids, move the column to columns.categorical",
                column=self.name,
                observed=self.rounded / self.rows,
                limit=0.0,
            )
        yield from self._without_digits()
        if self.cut:
            yield LONG_TEXT.found(
                f"{self.name} has more than {LONGEST_TEXT:,} characters in {self.cut:,} of {self.rows:,} rows; "
                "such text is cut and ends with a checksum",
                column=self.name,
                observed=self.cut / self.rows,
                limit=0.0,
            )

    def _without_digits(self) -> Iterator[Finding]:
        largest, spread = max(abs(self.low), abs(self.high)), self.high - self.low
        if not (self.low < self.high and (largest > FAR * spread or largest > HUGE)):
            return
        yield BEYOND_PRECISION.found(
            f"{self.name} has numbers from {self.low:.6g} to {self.high:.6g}; their differences are too "
            "small for the 16 digits of a number, so drift cannot be judged: subtract an offset or rescale in "
            "columns.derived",
            column=self.name,
        )

    def _type_changed(self) -> Finding:
        result = "all values can be read as numbers"
        if self.lost:
            verb = "is not a number" if self.lost == 1 else "are not numbers"
            result = f"{self.lost:,} of {self.given:,} values {verb}, such as {self.example}"
            if re.match(r"'[-+]?\d{1,3}([.,]\d{3})*[.,]\d+'", self.example):
                result += "; if it is one, set columns.types to decimal_comma or thousands_comma"
        return TYPE_CHANGED.found(
            f"{self.name} is numeric in the config and arrived as {self.came_as}: {result}",
            severity="error" if self.lost == self.given else "warning",
            column=self.name,
            observed=self.lost / self.given,
        )
