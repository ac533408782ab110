"""Findings about the columns of source and config, compared with the champion's reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import listed
from driftloop.monitoring.records import TEXT, Finding, FindingCode, Reference, Role

if TYPE_CHECKING:
    from driftloop.monitoring.quality.settings import Inspected

EXTRA_COLUMN = FindingCode(
    name="extra_column",
    severities=("info",),
    meaning="the source has columns that it did not have when the champion was trained",
    cause="columns were added to the source",
    remedy="nothing; to use one, name it in `columns.numeric` or `columns.categorical`",
)
SOURCE_COLUMN_GONE = FindingCode(
    name="source_column_gone",
    severities=("warning",),
    meaning="the source no longer has columns that the model does not use",
    cause="columns of the source were removed or renamed",
    remedy="check that this was intended; the model is not affected",
)
SOURCE_TYPE_CHANGED = FindingCode(
    name="source_type_changed",
    severities=("warning",),
    meaning="a column has another type in the source than in the champion's reference",
    cause="the source was written by another program or with another schema",
    remedy="check the values of the column; set `columns.types` if they are read wrongly",
)
CONFIG_CHANGED = FindingCode(
    name="config_changed",
    severities=("fatal", "warning"),
    meaning="the config uses a column differently than when the champion was trained",
    cause="a feature was removed from the config, or its kind was changed",
    remedy="a warning ends with the next promotion (`driftloop retrain`); if it is fatal, change the config back or "
    "give the model another name",
)


def schema(types: dict[str, str], reference: Reference) -> Iterator[Finding]:
    """Compare the columns of the source and their types with those of the reference."""
    extra = sorted(set(types) - set(reference.source_types))
    if extra:
        message = f"the source has new columns that the champion's reference did not have: {listed(extra)}"
        yield EXTRA_COLUMN.found(message, observed=float(len(extra)))
    used = {column.name for column in reference.columns}
    lost = sorted(set(reference.source_types) - set(types) - used)
    if lost:
        message = f"the source no longer has columns that the model does not use: {listed(lost)}"
        yield SOURCE_COLUMN_GONE.found(message, observed=float(len(lost)))
    for name in sorted(set(types) & set(reference.source_types)):
        # The config decides how text is read; an older reference has the common type of all values.
        if types[name] != reference.source_types[name] and not types[name].startswith(TEXT):
            message = (
                f"{name} has the type {types[name]} in the source; the reference has {reference.source_types[name]}"
            )
            yield SOURCE_TYPE_CHANGED.found(message, column=name)


def config_changes(reference: Reference, config: Inspected) -> Iterator[Finding]:
    """Report changes of the config since the champion was trained that the champion cannot follow."""
    remedy = "change the config back, or give the model another name and train it again"
    roles: dict[str, Role] = {**dict.fromkeys(config.columns.features, "feature"), config.columns.target: "target"}
    for column in (*reference.of_role("feature"), *reference.of_role("target")):
        problem = None
        if roles.get(column.name) != column.role:
            problem = f"the config no longer has {column.name} as a {column.role}; the champion was trained with it"
        elif config.kind(column.name) != column.kind:
            kind = config.kind(column.name)
            problem = f"{column.name} is {kind} in the config; the champion was trained with it as {column.kind}"
        if problem:
            yield CONFIG_CHANGED.found(f"{problem}: {remedy}", severity="fatal", column=column.name)
