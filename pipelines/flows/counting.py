"""Whether the database counts the rows of a check, which of them come over all the same, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator

from driftloop.monitoring.counting import DIALECTS
from driftloop.monitoring.counting.plan import Plan
from driftloop.monitoring.errors import DriftloopError, listed
from driftloop.monitoring.records import Reference, Signal, Window, changed
from driftloop.monitoring.records.counting import Counting
from driftloop.monitoring.sources.engines import dialect_of
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_trained
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.early import Early, Predict
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.flows.dividing import divided
from driftloop.pipelines.flows.outgrown import read_as_trained
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version, archive, contents, pending
from driftloop.pipelines.requests.check_run import CheckRun

# Signals that need the loss of labeled rows, and those that need a prediction for every row.
OF_LABELED: frozenset[Signal] = frozenset({"loss", "metrics", "slices", "probe"})
OF_EVERY_ROW: frozenset[Signal] = frozenset({"prediction_drift", "estimate"})
# Rows that come over for the report, for predictions and for the estimate: 2% of a million rows of 15 columns.
SAMPLED = 20_000


def read_or_count(
    run: CheckRun, champion: Version, labelled: Window, span: Window
) -> tuple[Project, Fresh, frozenset[str]]:
    """Read the rows of a check, have an engine read or the database count them, and record which.

    The answer is that of `read_as_trained`.
    """
    reference = registry.reference(champion)
    known = _with_shadow(run, reference)
    plan: Plan | Engine | str | None = planned(run, champion, reference, labelled)
    if plan is None and run.config.engine is not None:
        plan = divided(known, run.config.engine, champion, span)
    asked = None if isinstance(plan, str) else plan
    early = ahead(run, known, champion) if asked is None else None
    query = Query(known, span, known.folder, run.now, champion.follows, run.window, early=early)
    found = read_as_trained(run.config, known, champion.number, query, asked)
    run.rows, run.counting = found[1].current_rows(run.window), recorded(plan, found[1])
    return found


def ahead(run: CheckRun, known: Project, champion: Version) -> Early | None:
    """Return what predicts rows while others are read; None where they may have predictions already.

    These are rows of a log, of a model elsewhere, and of a window that the last check or another dry run has scored.
    """
    if known.elsewhere or run.dry_run or any(prediction_log.folder(known).glob("*.parquet")):
        return None
    if any(check.window.end == run.window.end for check in run.ledger.checks(known.model, 1)):
        return None

    def load() -> Predict | None:
        scorer = registry.scorer(champion, known.training)
        # Code of others predicts in the thread of the check alone.
        return scorer.predict if scorer.by_place else None

    return Early(champion.model_id, load)


def _with_shadow(run: CheckRun, reference: Reference) -> Project:
    """Return the config as the champion was trained, with the features that only a challenger in shadow has.

    They are read as columns of `columns.extra`: one that the source does not have is left out.
    """
    known = as_trained(run.config, reference)
    found = pending.in_shadow(run.ledger, known.model) if known.trains else None
    if found is None:
        return known
    try:
        theirs = registry.reference(found[0])
    except DriftloopError:
        return known  # the comparison reports it
    own = known.columns.features
    extra = {column.name: column.kind for column in theirs.of_role("feature") if column.name not in own}
    return changed(known, columns=changed(known.columns, extra={**known.columns.extra, **extra})) if extra else known


def planned(run: CheckRun, champion: Version, reference: Reference, labelled: Window) -> Plan | str | None:
    """Return what the database is to count, or why all rows are read; None where no database could count them."""
    config, source = run.config, run.config.source
    dialect = DIALECTS.get(dialect_of(source)) if source.url is not None else None
    if dialect is None:
        return None
    forced = source.profile == "database"
    if source.profile == "stream":
        return "source.profile is stream"
    if not dialect.tested and not forced:
        return f"counting in {dialect.name} is untested; source.profile: database turns it on"
    known = as_trained(config, reference)
    reasons = [*_by_row(known), *(() if forced else _for_policies(config))]
    if reasons:
        return "; ".join(reasons)
    profiles = contents.profiles(champion)
    if profiles.weighted:
        return "the rows of the reference have weights"
    return Plan(
        reference=reference,
        profiles=profiles,
        window=run.window,
        labelled=labelled,
        due=run.window.end - config.columns.label_delay,
        sample=min(config.drift.sample_rows, SAMPLED),
        labels=not forced or needs_loss(run, champion),
        forced=forced,
    )


def needs_loss(run: CheckRun, champion: Version) -> bool:
    """Return whether anything that decides reads the loss of labeled rows: then these rows are read."""
    config = run.config
    if _reads(config) & OF_LABELED or config.slices or config.fairness is not None:
        return True
    if config.trains and pending.in_shadow(run.ledger, config.model) is not None:
        return True
    return config.trains and bool(archive.former_champions(run.ledger, champion, config.archive.keep))


def recorded(plan: Plan | Engine | str | None, fresh: Fresh) -> Counting | None:
    """Return what a check records of where its rows were counted; None where only this process could."""
    if plan is None:
        return None
    if isinstance(plan, Engine):
        return Counting(by="engine", reason=plan.sentence(fresh))
    if isinstance(plan, str) or fresh.counted is None:
        return Counting(by="rows", reason=str(plan) if isinstance(plan, str) else fresh.uncounted or "")
    counts = fresh.counted
    why = "" if plan.labels else "the loss is not measured: no policy reads it (source.profile: auto measures it)"
    return Counting(
        by="database",
        reason=why,
        sampled=len(counts.sample),
        labeled=counts.labeled if plan.labels else None,
        by_row=counts.by_row,
    )


def _reads(config: Project) -> frozenset[Signal]:
    policies = (*config.policies.triggers, *config.policies.guards)
    return frozenset(signal for policy in policies for signal in policy.reads)


def _for_policies(config: Project) -> Iterator[str]:
    needed = _reads(config) & OF_EVERY_ROW
    if needed:
        signals = listed(sorted(signal.replace("_", " ") for signal in needed))
        yield f"a policy reads {signals}, which needs every row's prediction"


def _by_row(known: Project) -> Iterator[str]:
    """What the config has that is evaluated row by row."""
    columns = known.columns
    if known.elsewhere:
        yield "the predictions of a model elsewhere are joined by id (predictions.source)"
    if known.labels is not None:
        yield "labels are joined by id (labels)"
    if columns.weight is not None:
        yield "rows have weights (columns.weight)"
    if columns.rules:
        yield "rules are evaluated row by row (columns.rules)"
    if known.drift.reference is not None:
        yield "drift is measured against rows of an earlier period (drift.reference)"
