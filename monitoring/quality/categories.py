"""Findings about the categories of a feature."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.quality.settings import Preflight
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.records import ColumnReference, Finding, FindingCode

MANY_CATEGORIES = FindingCode(
    name="many_categories",
    severities=("info",),
    meaning="a feature has more categories than the reference keeps, so new ones cannot be counted",
    cause="an id, free text or a very fine code is used as a category",
    remedy="nothing; consider a coarser category in `columns.derived`",
)
ALL_DIFFERENT = FindingCode(
    name="all_different",
    severities=("warning",),
    meaning="nearly every row of the reference has a different category, and all current categories are new",
    cause="an id is used as a feature",
    remedy="remove the column from the features: nothing can be compared or learned from it",
    compared=False,
)
UNSEEN_CATEGORIES = FindingCode(
    name="unseen_categories",
    severities=("error", "warning"),
    meaning="rows have categories that the champion's reference does not have",
    cause="new products, places or codes; an error if all rows have, as after a new spelling of all of them",
    remedy="check the spelling in the source; a retrain learns the new categories",
)


def categories(values: Counted, column: ColumnReference, limits: Preflight, reference_rows: int) -> Iterator[Finding]:
    """Report categories that the reference does not have."""
    if not values.present:
        return
    if column.distinct > len(column.levels):
        yield MANY_CATEGORIES.found(
            f"{column.name} has {column.distinct:,} categories in the reference, which keeps the "
            f"{len(column.levels):,} most frequent; new categories cannot be counted",
            column=column.name,
            observed=float(column.distinct),
            limit=float(len(column.levels)),
        )
        return
    share = values.unseen_share
    if share == 1.0 and 2 * column.distinct > reference_rows * (1 - column.null_share):
        yield ALL_DIFFERENT.found(
            f"{column.name} looks like an id: {column.distinct:,} categories in {reference_rows:,} rows of the "
            "reference, and only new ones now. It cannot be compared: remove it from the features",
            column=column.name,
            observed=share,
        )
        return
    if share > limits.max_unseen_share or share == 1.0:
        yield UNSEEN_CATEGORIES.found(
            f"{share:.1%} of {column.name} have categories that the reference does not have "
            f"(limit {limits.max_unseen_share:.0%}): {values.unseen_names}",
            severity="error" if share == 1.0 else "warning",
            column=column.name,
            observed=share,
            limit=limits.max_unseen_share,
        )
