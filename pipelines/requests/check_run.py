"""State of a running check, and how each of its outcomes is recorded. Judges and measures nothing."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from prefect import get_run_logger, runtime

from driftloop.monitoring.errors import LeaseLost
from driftloop.monitoring.ledger import Claim, Ledger, Request
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.records import Check, CheckWindow, Finding, FindingCode, LabelStatus, Outcome, changed
from driftloop.monitoring.records.counting import Counting
from driftloop.monitoring.sources import versions_read
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import addresses, evidence, flow_runs
from driftloop.pipelines.requests import pruning, recorded
from driftloop.pipelines.runtime import failpoints, home, outages

Train = Literal["here", "request"]
"""Who trains when a check requests it: the check's own process, or the process that claims the request."""


@dataclass
class CheckRun:
    """State of a check, and its records in the ledger, MLflow and Prefect."""

    config: Project
    now: datetime
    dry_run: bool
    ledger: Ledger
    train: Train = "here"
    started: float = field(default_factory=time.time)
    check_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    champion: str | None = None
    model_id: str | None = None
    scored_by: str | None = None
    rows: int = 0
    mlflow_run_id: str | None = None
    decided: Check | None = None
    request: Request | None = None
    findings: tuple[Finding, ...] = ()
    labels: LabelStatus | None = None
    newest_row: datetime | None = None
    counting: Counting | None = None
    profiles: Profiles | None = None
    claims: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        self.window = current_window(self.now, self.config.windows)
        self.flow_run_id = str(runtime.flow_run.id)

    @property
    def report_file(self) -> Path:
        """Path of this check's report."""
        return home.reports(self.config.model) / f"{self.window.end:%Y%m%dT%H%M}_{self.check_id}.html"

    def notice(self, code: FindingCode, message: str | None) -> None:
        """Add a finding from before the measurement, if there is a message, so that the check reports it."""
        if message is not None:
            self.findings += (code.found(message),)

    def check(self, outcome: Outcome, reason: str, **more: Any) -> Check:
        window = CheckWindow(start=self.window.start, end=self.window.end, rows=self.rows)
        values = {
            "model": self.config.model,
            "check_id": self.check_id,
            "window": window,
            "champion": self.champion,
            "champion_after": self.champion,
            "scored_by": self.scored_by,
            "now": self.now,
            "labels": self.labels,
            "newest_row": self.newest_row,
            "counting": self.counting,
            "tables": versions_read(),
            "dry_run": self.dry_run,
            "prefect_flow_run_id": self.flow_run_id,
            "prefect_url": addresses.prefect_page(self.flow_run_id),
        }
        findings = tuple(dict.fromkeys((*self.findings, *more.pop("findings", ()))))
        return Check(**{**values, "outcome": outcome, "reason": reason, "findings": findings, **more})

    def exit(self, outcome: Outcome, reason: str, *, keys: tuple[str, ...] = (), **more: Any) -> Check:
        """Finish with an outcome that needs no measurement, and record it."""
        check = self._merged(outcome, reason, **more)
        if not self.dry_run:
            check = self.logged(check)
        return self.finish(check, keys)

    def _merged(self, outcome: Outcome, reason: str, **more: Any) -> Check:
        check = self.check(outcome, reason, **more)
        if self.decided is None:
            return check
        # It failed after the decision, while training: the measurements and the decision are kept.
        update = {
            "outcome": outcome,
            "reason": reason,
            "findings": tuple(dict.fromkeys((*self.decided.findings, *check.findings))),
        }
        return changed(self.decided, **update)

    def failed(self, error: BaseException) -> None:
        """Record an error of this check; a second error while recording must not hide the first.

        If MLflow is unavailable, only the ledger records it, and notifications are sent anyway. A check that has
        requested a retrain is finished when the request is resumed, as after a crash or a SIGTERM. If another process
        has claimed the request, that process finishes the check and its runs; if it has taken over the whole check,
        this one leaves nothing but a failed run.
        """
        if isinstance(error, LeaseLost):
            if self.mlflow_run_id is not None and error.resource in {claim.resource for claim in self.claims}:
                evidence.close_run(self.mlflow_run_id, failed=outages.reason(error))
            return
        reason, outage = outages.reason(error), isinstance(error, outages.OUTAGES)
        try:
            if not self._is_resumed(error):
                self._record(reason, everywhere=not outage)
            elif not outage and self.mlflow_run_id is not None:
                evidence.close_run(self.mlflow_run_id, failed=reason)
        except Exception as second:
            get_run_logger().warning("the failed check could not be recorded: %s: %s", type(second).__name__, second)

    def _record(self, reason: str, *, everywhere: bool) -> None:
        try:
            if everywhere:
                self.exit(Outcome.FAILED, reason)
                return
        except Exception as error:
            get_run_logger().warning(
                "the failed check is recorded in the ledger only, not in MLflow: %s: %s", type(error).__name__, error
            )
        check = self._merged(Outcome.FAILED, reason)
        if not self.dry_run and self.ledger.record(check, by=self.claims):
            seconds = time.time() - self.started
            recorded.check_recorded(self.config, check, self.ledger, seconds, outage=not everywhere)

    def _is_resumed(self, error: BaseException) -> bool:
        requests = self.ledger.requests(self.config.model) if outages.resumable(error) else []
        return any(request["check_id"] == self.check_id for request in requests)

    def logged(self, check: Check, report: Path | None = None) -> Check:
        """Log the check's current values to its MLflow run, opened if necessary; return the check with that run.

        A steady check has no second copy of its report there.
        """
        run_id, copied = self.run_id(), None if check.outcome is Outcome.STEADY else report
        check = changed(check, mlflow_run_id=run_id, mlflow_url=addresses.mlflow_page(run_id))
        evidence.log_check(run_id, check, copied, model_id=self.model_id)
        if report is not None:
            from driftloop.monitoring.report import renew_report

            renew_report(report, check)  # which now names its MLflow run
        return check

    def run_id(self) -> str:
        """Return the id of this check's MLflow run; create the run, empty, at the first call."""
        if self.mlflow_run_id is None:
            name, tags = f"check {flow_runs.ended_at(self.window)}", {"driftloop.kind": "check"}
            self.mlflow_run_id = evidence.open_run(self.config.model, name, tags=tags, started=self.started)
        return self.mlflow_run_id

    def finish(self, check: Check, keys: tuple[str, ...] = ()) -> Check:
        """Record the final outcome in MLflow, Prefect and, last, the ledger."""
        if self.dry_run:
            return check
        self.require_claims()
        assert check.mlflow_run_id is not None
        evidence.tag_check(check.mlflow_run_id, check)
        evidence.close_run(check.mlflow_run_id, failed=check.reason if check.outcome is Outcome.FAILED else None)
        flow_runs.log_to_prefect(check)
        failpoints.reach("closed check")
        new = self.ledger.record(check, keys, by=self.claims)
        failpoints.reach("recorded check")
        if new:
            recorded.check_recorded(self.config, check, self.ledger, time.time() - self.started)
            failpoints.reach("announced check")
        self.update_site()
        self._prune()
        return check

    def require_claims(self) -> None:
        """Raise `LeaseLost` if another process has taken over this check, or the model from this service."""
        for claim in self.claims:
            self.ledger.require(claim)

    def _prune(self) -> None:
        """Remove what is older than `retention`, once per day; log a warning if that fails."""
        try:
            removed = pruning.prune_daily(self.config, self.ledger)
        except Exception as error:
            get_run_logger().warning(
                "old reports, results, predictions, runs and versions stay: %s: %s", type(error).__name__, error
            )
            return
        if removed:
            size = sum(removal.bytes for removal in removed) / 1e6
            get_run_logger().info(
                "removed %d reports, results, predictions, runs and versions (%.1f MB; retention)",
                len(removed),
                size,
            )

    def release(self, check: Check) -> Check:
        """Close the run and announce the request. The process that trains finishes this check."""
        assert check.mlflow_run_id is not None
        assert self.request is not None
        evidence.tag_check(check.mlflow_run_id, check)
        evidence.close_run(check.mlflow_run_id)
        flow_runs.log_to_prefect(check)
        flow_runs.tag_request(self.request.request_id)
        # Last: from here on another process may write into that MLflow run.
        announce.retrain_requested(check, self.request.request_id)
        return check

    def update_site(self) -> None:
        """Rewrite the model's pages; log a warning if that fails."""
        from driftloop.pipelines import site

        wrong = site.rewrite(self.config.model, self.ledger)
        if wrong:
            get_run_logger().warning("%s", wrong)
