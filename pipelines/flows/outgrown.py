"""A champion that the config has moved on from, and whose features the source no longer has as it knows them.

It is scored as well as it can be, and the check asks for a retrain: the new config is the remedy, and no mistake.
"""

from __future__ import annotations

from collections.abc import Sequence

from driftloop.monitoring.decision import CHAMPION_OUTGROWN
from driftloop.monitoring.errors import MissingColumns, MissingFeatures, listed
from driftloop.monitoring.records import Finding, FindingCode, Reference, Window, changed
from driftloop.pipelines.config.as_trained import as_trained
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.flows.reading import read

CONFIG_COLUMN_LOST = FindingCode(
    name="config_column_lost",
    severities=("error",),
    meaning="the config names a new feature that the source does not have, so no retrain can succeed",
    cause="the name is misspelled, or the source does not deliver the column yet",
    remedy="correct the name, derive the column (`columns.derived`), or deliver it",
)


def read_as_trained(
    config: Project, reference: Reference, version: str, window: Window
) -> tuple[Project, Fresh, frozenset[str]]:
    """Read the rows that the champion is judged on; return the config they were read by, and which features are gone.

    A feature that left the config and the source is missing in every row. One that the config names must be there.
    """
    known = as_trained(config, reference)
    try:
        return known, read(known, window, config.folder), frozenset()
    except MissingColumns as error:
        gone = frozenset(error.lost) & frozenset(known.columns.features) - frozenset(config.columns.features)
        mine = [name for name in error.lost if name not in gone]
        if set(mine) - set(config.columns.features):
            raise
        if mine:
            raise MissingFeatures(error.where, mine, error.there, version=version, file=str(config.file)) from None
        derived = {**dict.fromkeys(sorted(gone), "NULL"), **known.columns.derived}
        columns = changed(known.columns, derived=derived)
        known = changed(known, columns=columns)
        return known, read(known, window, config.folder), gone


def explained(
    config: Project, reference: Reference, version: str, gone: frozenset[str], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Say of a feature on which config and champion differ that the champion is outgrown, not that the data is broken.

    What is fatal in a feature that the config names as the champion knows it stays fatal.
    """
    until = f"until a retrain with this config is promoted (`driftloop retrain {config.file}`)"
    without = f"version {version} was trained with it and is scored without it {until}"
    said = {name: f"{name} left the config and the source; {without}" for name in sorted(gone)}
    for one in findings:
        if one.severity == "fatal" and one.column not in gone and _differs(config, reference, one.column):
            said[str(one.column)] = f"{one.column} is of another kind in config and source; {without}"
    kept = [one for one in findings if one.column not in said]
    made = [CHAMPION_OUTGROWN.found(text, column=name) for name, text in said.items()]
    return (*kept, *made)


def ahead_of_source(config: Project, reference: Reference, source_types: dict[str, str]) -> tuple[Finding, ...]:
    """Find the features that are new in the config and not in the source: no retrain can succeed."""
    known = {column.name for column in reference.of_role("feature")} | set(config.columns.derived) | set(source_types)
    lost = [name for name in config.columns.features if name not in known]
    if not lost or not source_types:
        return ()
    remedy = MissingColumns(str(config.file), lost, source_types).remedy
    message = f"the config names {listed(lost)}, which the source does not have, so no retrain can succeed: {remedy}"
    column = lost[0] if len(lost) == 1 else None
    return (CONFIG_COLUMN_LOST.found(message, column=column),)


def _differs(config: Project, reference: Reference, name: str | None) -> bool:
    """Whether a feature of the champion is none of the config's, or one of another kind."""
    column = reference.column(name) if name else None
    if (
        name is None
        or column is None
        or column.role != "feature"
        or name in {config.columns.time, config.columns.target}
    ):
        return False
    return name not in config.columns.features or config.kind(name) != column.kind
