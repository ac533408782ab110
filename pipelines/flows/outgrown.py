"""Champion that is behind the config: it was trained with features that config and source no longer have.

It is scored as well as possible, and the check requests a retrain: the new config is intended, not a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from driftloop.monitoring.counting.plan import Plan
from driftloop.monitoring.decision import CHAMPION_OUTGROWN
from driftloop.monitoring.errors import MissingColumns, MissingFeatures, listed
from driftloop.monitoring.records import Finding, FindingCode, Reference, changed
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.flows.reading import read

EXTRA_COLUMN_LOST = FindingCode(
    name="extra_column_lost",
    severities=("error",),
    meaning="the source does not have a column of `columns.extra`, so what reads it is not measured",
    cause="the column was removed or renamed in the source, or its name is misspelled",
    remedy="restore the column, or correct `columns.extra`; a retrain needs it",
)
CONFIG_COLUMN_LOST = FindingCode(
    name="config_column_lost",
    severities=("error",),
    meaning="the config names a new feature that the source does not have, so no retrain can succeed",
    cause="the name is misspelled, or the source does not deliver the column yet",
    remedy="correct the name, derive the column (`columns.derived`), or deliver it",
)


def read_as_trained(
    config: Project, known: Project, version: str, query: Query, plan: Plan | Engine | None = None
) -> tuple[Project, Fresh, frozenset[str]]:
    """Read the rows that the champion is judged on; return the config used to read them, and the removed features.

    `query` is read by `known`, the config with the features of the champion. A feature removed from config and source
    is missing in every row. A feature of the config must exist. A lost column of `columns.extra` is not read. `plan` is
    what a database counts of it, or the engine that reads it.
    """
    try:
        return _read_as_trained(config, known, version, query, plan)
    except MissingColumns as error:
        lost = set(error.lost) & set(known.columns.extra_alone())
        if not lost:
            raise
        extra = {name: kind for name, kind in known.columns.extra.items() if name not in lost}
        known = changed(known, columns=changed(known.columns, extra=extra))
        return _read_as_trained(config, known, version, query, plan)


def _read_as_trained(
    config: Project, known: Project, version: str, query: Query, plan: Plan | Engine | None
) -> tuple[Project, Fresh, frozenset[str]]:
    try:
        return known, read(replace(query, config=known), plan), frozenset()
    except MissingColumns as error:
        gone = frozenset(error.lost) & frozenset(known.columns.features) - frozenset(config.columns.features)
        mine = [name for name in error.lost if name not in gone]
        if set(mine) & set(known.columns.extra_alone()):
            raise
        if set(mine) - set(config.columns.features):
            raise
        if mine:
            raise MissingFeatures(error.where, mine, error.there, version=version, file=str(config.file)) from None
        derived = {**dict.fromkeys(sorted(gone), "NULL"), **known.columns.derived}
        columns = changed(known.columns, derived=derived)
        known = changed(known, columns=columns)
        return known, read(replace(query, config=known), plan), gone


def explained(
    config: Project, reference: Reference, version: str, gone: frozenset[str], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Report a feature on which config and champion differ as an outgrown champion, not as broken data.

    A fatal finding on a feature that is the same in config and champion stays fatal.
    """
    until = f"until a retrain with this config is promoted (`driftloop retrain {config.file}`)"
    without = f"version {version} was trained with it and is scored without it {until}"
    messages = {name: f"{name} was removed from config and source; {without}" for name in sorted(gone)}
    for finding in findings:
        fatal = finding.severity == "fatal" and finding.column not in gone
        if fatal and _differs(config, reference, finding.column):
            messages[str(finding.column)] = f"{finding.column} has another kind in config and source; {without}"
    kept = [finding for finding in findings if finding.column not in messages]
    outgrown = [CHAMPION_OUTGROWN.found(text, column=name) for name, text in messages.items()]
    return (*kept, *outgrown)


def ahead_of_source(config: Project, reference: Reference, source_types: dict[str, str]) -> tuple[Finding, ...]:
    """Find columns of the config that are missing in the source: new features and columns of `columns.extra`."""
    there = set(config.columns.derived) | set(source_types)
    absent = [name for name in config.columns.extra if source_types and name not in there]
    found = tuple(
        EXTRA_COLUMN_LOST.found(
            f"the source has no column {name!r} (columns.extra): slices and fairness that read it are not measured, "
            f"and no retrain can succeed until it is restored or removed from {config.file}",
            column=name,
        )
        for name in absent
    )
    known = {column.name for column in reference.of_role("feature")} | set(config.columns.derived) | set(source_types)
    lost = [name for name in config.columns.features if name not in known]
    if not lost or not source_types:
        return found
    remedy = MissingColumns(str(config.file), lost, source_types).remedy
    message = f"the config names {listed(lost)}, which the source does not have, so no retrain can succeed: {remedy}"
    column = lost[0] if len(lost) == 1 else None
    return (CONFIG_COLUMN_LOST.found(message, column=column), *found)


def _differs(config: Project, reference: Reference, name: str | None) -> bool:
    """Return whether a feature of the champion is missing in the config, or has another kind there."""
    column = reference.column(name) if name else None
    if (
        name is None
        or column is None
        or column.role != "feature"
        or name in {config.columns.time, config.columns.target}
    ):
        return False
    return name not in config.columns.features or config.kind(name) != column.kind
