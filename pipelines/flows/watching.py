"""Archive watch of a check: which archived models are scored, on which rows, and whether one takes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftloop.monitoring.archive import MOST_LATE, Scored, leader, leads
from driftloop.monitoring.errors import DriftloopError, listed
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import (
    ArchiveLead,
    ArchiveScores,
    Finding,
    FindingCode,
    Moment,
    Reference,
    Window,
    changed,
)
from driftloop.monitoring.sequential import scale_of
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.paired_losses import Watch
from driftloop.pipelines.flows.promotion_watch import Plan
from driftloop.pipelines.registry import Version, archive

# Rows on which versions are compared at most, spread evenly over the window: enough for a paired difference.
MOST_ROWS = 10_000
# Past checks that are looked through for earlier windows.
MOST_CHECKS = 64
ARCHIVE_UNREADABLE = FindingCode(
    name="archive_unreadable",
    severities=("info",),
    meaning="an archived model is not compared with the champion, because it cannot read these rows",
    cause="it has other features, another target or other classes than the champion, or its files are damaged",
    remedy="none; it leaves the archive when newer champions take its place",
)


def watch(
    config: Project,
    ledger: Ledger,
    champion: Version,
    reference: Reference,
    labelled: Window,
    rows: int,
    plan: Plan | None = None,
) -> tuple[Watch | None, dict[str, str]]:
    """Choose the archived models to score, and return why others cannot read the rows, by version; None without any.

    `config` is the one with which the rows were read, `rows` their number in the labeled window. With the `plan` of a
    watched promotion the previous champion is scored too, on rows from `plan.start` on.
    """
    if not config.trains or champion.newest_row is None:
        return None, {}
    versions, problems = [], {}
    previous = plan.previous if plan is not None else None
    kept = archive.archived(ledger, champion, config.archive.keep)
    extra = [previous] if previous is not None and previous.number not in {one.number for one in kept} else []
    for version in (*kept, *extra):
        if version.newest_row is None and version != previous:
            continue
        theirs = readable(config, reference, version)
        if isinstance(theirs, Reference):
            versions.append((version, theirs))
        else:
            problems[version.number] = theirs
    dated = [version for version, _ in versions if version.newest_learned is not None]
    newest = max((champion, *dated), key=lambda version: version.newest_learned)
    start = max(labelled.start, newest.newest_learned, *([plan.start] if plan is not None else []))
    if not versions or start >= labelled.end:
        return None, problems
    window, stride = Window(start=start, end=labelled.end), max(1, -(-rows // MOST_ROWS))
    number = previous.number if previous is not None else None
    pair = [reference, *(theirs for version, theirs in versions if version.number == number)]
    scale = scale_of(*(one.loss for one in pair if one.loss_name == config.loss.name))
    found = Watch(tuple(versions), champion, window, newest.number, stride, number, scale)
    return found, problems


def unreadable(problems: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the findings on versions that cannot be compared."""
    found = (f"version {number} is not compared: {problem}" for number, problem in problems.items())
    return tuple(ARCHIVE_UNREADABLE.found(message) for message in found)


def readable(config: Project, own: Reference, version: Version) -> Reference | str:
    """Return the reference of a version that can be compared on the champion's rows, otherwise why it cannot."""
    try:
        theirs = registry.reference(version)
    except DriftloopError as error:
        return error.found
    return _misfit(config, own, theirs) or theirs


def _misfit(config: Project, own: Reference, theirs: Reference) -> str | None:
    """Return why a version cannot be compared on the champion's rows; None if it can."""
    targets = [[(column.name, column.kind) for column in one.of_role("target")] for one in (own, theirs)]
    if targets[0] != targets[1]:
        return "it predicts another target"
    read = {**config.columns.extra, **{name: config.kind(name) for name in config.columns.features}}
    lost = [one.name for one in theirs.of_role("feature") if read.get(one.name) != one.kind]
    return f"it needs {listed(lost)}, which the champion does not read in that form" if lost else None


def judge(
    ledger: Ledger, model: str, scored: ArchiveScores | None, watched: Watch | None, current: Window, now: Moment
) -> ArchiveScores | None:
    """Return the scores of this check with the lead of each version, over this window and those of earlier checks."""
    if scored is None or watched is None:
        return None
    checks = [check for check in ledger.checks(model, most=MOST_CHECKS) if check.archive and check.now < now]
    past = [check.archive for check in sorted(checks, key=lambda check: check.now, reverse=True) if check.archive]
    dated = [version for version, _ in watched.versions if version.newest_row is not None]
    ages = {version.number: (current.end - version.newest_row) / current.length for version in dated}
    return compare(scored, past, ages)


def compare(scored: ArchiveScores, past: Sequence[ArchiveScores], ages: Mapping[str, float]) -> ArchiveScores:
    """Return the scores with the lead of each version over the champion, and the version that leads, if one does.

    `past` are the scores of earlier checks, newest first: those with the same newest version, loss and weights count,
    and of windows that overlap one. `ages` are the ages of the versions at this check, in windows.
    """
    windows, start = [scored], scored.window.start
    for one in past:
        if _measured_by(one) == _measured_by(scored) and one.window.end <= start:
            windows.append(one)
            start = one.window.start
    tables = [{each.version: Scored(each.loss, each.waves) for each in one.scores} for one in windows]
    found = leads(tables, scored.scores[0].version)
    records = tuple(
        ArchiveLead(
            version=version,
            difference=lead.difference,
            error=lead.error,
            windows=lead.windows,
            age_batches=ages.get(version),
        )
        for version, lead in found.items()
    )
    return changed(scored, leads=records, leader=leader(found))


def _measured_by(scores: ArchiveScores) -> tuple[str | None, ...]:
    """Return what the losses of two windows must have in common to be compared."""
    return scores.newest, scores.loss_name, scores.weight


def reason_to_wait(config: Project, ledger: Ledger, current: Window) -> str | None:
    """Return why a check must only report the version that leads; None if it may switch back to it."""
    if not config.archive.act:
        return "only reported (archive.act: false)"
    late = config.columns.label_delay / current.length
    if late > MOST_LATE:
        return f"only reported: labels are {late:.1f} windows late, at most {MOST_LATE} to act"
    chosen = archive.chosen_by_user(ledger, config.model, approvals=not config.promotion.manual)
    if chosen is not None:
        return f"only reported: {chosen}, which stays until a retrain is promoted"
    return None


def describe(scores: ArchiveScores) -> str:
    """Return one sentence on the version that leads.

    >>> lead = ArchiveLead(version="1", difference=0.5, error=0.1, windows=2)
    >>> window = Window(start="2026-01-01T00:00Z", end="2026-01-08T00:00Z")
    >>> describe(ArchiveScores(window=window, rows=840, newest="2", scores=(), leads=(lead,), leader="1"))
    'version 1 is better on rows that neither was trained on: loss lower by 0.5, standard error 0.1 (2 windows)'
    """
    lead = scores.lead
    assert lead is not None
    several = f"{lead.windows} window{'s' * (lead.windows > 1)}"
    return (
        f"version {lead.version} is better on rows that neither was trained on: loss lower by "
        f"{lead.difference:.3g}, standard error {lead.error:.3g} ({several})"
    )
