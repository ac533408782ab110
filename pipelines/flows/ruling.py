"""What a check looks at before it measures: rules of columns, the age of the newest row, and whether it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from driftloop.monitoring import sources
from driftloop.monitoring.quality.column_rules import rules
from driftloop.monitoring.quality.freshness import stale
from driftloop.monitoring.quality.times import in_no_window
from driftloop.monitoring.records import Finding, Outcome
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.flows import requesting
from driftloop.pipelines.registry import Version
from driftloop.pipelines.requests import recovery
from driftloop.pipelines.requests.check_run import CheckRun


def look_at_age(run: CheckRun, known: Project) -> None:
    """Add the newest row, and the finding that it is too old, to a check; `known` is how the rows were read."""
    silence = run.config.preflight.max_silence
    if silence is None:
        return
    run.newest_row = sources.newest(known.source, known.reading, known.folder, run.now)
    finding = stale(run.newest_row, silence, run.now)
    run.findings += (finding,) if finding is not None else ()


def look_at_rules(run: CheckRun, known: Project, fresh: Fresh) -> None:
    """Add what breaks the rules of columns to a check."""
    run.findings += tuple(rules(fresh.ruled, known, fresh.source_types))


def broken(stops: Sequence[Finding]) -> str:
    """Return the reason of a check that fatal findings end."""
    return f"the data is broken, so no retrain: {'; '.join(finding.message for finding in stops)}"


def scarce(run: CheckRun, stops: Sequence[Finding]) -> tuple[Outcome, str]:
    """Return the outcome of a window without enough rows, with its reason."""
    config, window = run.config, run.window
    if stops:
        return Outcome.BAD_DATA, broken(stops)
    if run.rows == 0:
        return Outcome.NO_DATA, no_rows(config, window)
    least = config.preflight.min_rows
    return Outcome.TOO_FEW_ROWS, f"{run.rows:,} rows in {window}, at least {least:,} needed (preflight.min_rows)"


def look_at_strays(run: CheckRun, known: Project) -> int:
    """Count the rows with a future time; report the rows that no window will ever contain."""
    now = max(run.now, datetime.now(UTC)) + recovery.CLOCK_SLACK
    strays = sources.count_strays(run.config.source, known.reading, now, run.config.folder)
    run.findings += in_no_window(strays)
    return strays.future


def checked_before(run: CheckRun, champion: Version, rows: str) -> str | None:
    """Return how these rows were judged before, by a finished check or one with an open request; None if never."""
    key = recovery.judged_key(run.ledger, run.config.model, run.window, champion.number, rows)
    check = run.ledger.checked(key)
    if check is not None:
        return f"check {check.check_id}: {check.outcome.value}"
    request = requesting.open_request(run, champion.number)
    if request is None or request.check is None or request.rows != rows or request.check.window.end != run.window.end:
        return None
    return f"check {request.check.check_id}: its request {request.request_id} is still open"
