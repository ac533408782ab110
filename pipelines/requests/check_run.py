"""One check on its way: what is fixed from its start, and how each way out is recorded. Judges and measures nothing."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from prefect import get_run_logger, runtime

from driftloop.monitoring.errors import LeaseLost
from driftloop.monitoring.ledger import Ledger, Request
from driftloop.monitoring.records import Check, CheckWindow, Finding, FindingCode, Outcome, changed
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.runtime import failpoints, home, outages

Train = Literal["here", "request"]
"""Who trains when a check asks for it: the check's own process, or whoever takes the request up."""


@dataclass
class CheckRun:
    """What a check knows of itself, and its records in the ledger, MLflow and Prefect."""

    config: Project
    now: datetime
    dry_run: bool
    ledger: Ledger
    train: Train = "here"
    started: float = field(default_factory=time.time)
    check_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    champion: str | None = None
    rows: int = 0
    mlflow_run_id: str | None = None
    decided: Check | None = None
    asked: Request | None = None
    noticed: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        self.window = current_window(self.now, self.config.windows)
        self.flow_run_id = str(runtime.flow_run.id)

    @property
    def report_file(self) -> Path:
        """Return where the report of this check is written."""
        return home.reports(self.config.model) / f"{self.window.end:%Y%m%dT%H%M}_{self.check_id}.html"

    def notice(self, code: FindingCode, message: str | None) -> None:
        """Keep what was found or mended before this check, if anything was, so that it is told with it."""
        if message is not None:
            self.noticed += (code.found(message),)

    def check(self, outcome: Outcome, reason: str, **more: Any) -> Check:
        window = CheckWindow(start=self.window.start, end=self.window.end, rows=self.rows)
        known = {
            "model": self.config.model,
            "check_id": self.check_id,
            "window": window,
            "champion": self.champion,
            "champion_after": self.champion,
            "now": self.now,
            "dry_run": self.dry_run,
            "prefect_flow_run_id": self.flow_run_id,
        }
        findings = (*self.noticed, *more.pop("findings", ()))
        return Check(**{**known, "outcome": outcome, "reason": reason, "findings": findings, **more})

    def exit(self, outcome: Outcome, reason: str, *, keys: tuple[str, ...] = (), **more: Any) -> Check:
        """Leave with an outcome that needs no measuring; it is recorded all the same."""
        check = self._kept(outcome, reason, **more)
        if not self.dry_run:
            check = changed(check, mlflow_run_id=self.open_run(check))
        return self.finish(check, keys)

    def _kept(self, outcome: Outcome, reason: str, **more: Any) -> Check:
        check = self.check(outcome, reason, **more)
        if self.decided is None:
            return check
        # It broke off after the decision, in the training: what was measured and decided is kept.
        told = {
            "outcome": outcome,
            "reason": reason,
            "findings": tuple(dict.fromkeys((*self.decided.findings, *check.findings))),
        }
        return changed(self.decided, **told)

    def failed(self, error: BaseException) -> None:
        """Record an error on its way out; what goes wrong with the record must not hide it.

        Where MLflow is away the ledger alone has it, and people are told all the same. A check that has asked for a
        retrain gets its last word once that is carried on, as after a crash; so does one that gets a SIGTERM. Where
        another process has taken the request over, check and runs are that one's to finish.
        """
        if isinstance(error, LeaseLost):
            return
        reason, outage = outages.reason(error), isinstance(error, outages.OUTAGES)
        try:
            if not self._carried_on(error):
                self._record(reason, everywhere=not outage)
            elif not outage and self.mlflow_run_id is not None:
                evidence.close_run(self.mlflow_run_id, failed=reason)
        except Exception as second:
            get_run_logger().warning("this failure could not be recorded: %s: %s", type(second).__name__, second)

    def _record(self, reason: str, *, everywhere: bool) -> None:
        try:
            if everywhere:
                self.exit(Outcome.FAILED, reason)
                return
        except Exception as error:
            get_run_logger().warning("the ledger alone has this failure: %s: %s", type(error).__name__, error)
        check = self._kept(Outcome.FAILED, reason)
        if not self.dry_run and self.ledger.record(check):
            announce.check_ended(self.config.notify, check, self.ledger)

    def _carried_on(self, error: BaseException) -> bool:
        asked = self.ledger.requests(self.config.model, most=1) if outages.carried_on(error) else []
        return bool(asked) and asked[0]["check_id"] == self.check_id

    def open_run(self, check: Check, report: Path | None = None) -> str:
        """The MLflow run of this check, opened once, with all that is known by now."""
        run_id = self.opened()
        evidence.log_check(run_id, check, report)
        return run_id

    def opened(self) -> str:
        """The id of this check's MLflow run, begun where it was not yet; there is nothing in it by that."""
        if self.mlflow_run_id is None:
            name, tags = f"check {self.window}", {"driftloop.kind": "check"}
            self.mlflow_run_id = evidence.open_run(self.config.model, name, tags=tags, started=self.started)
        return self.mlflow_run_id

    def finish(self, check: Check, keys: tuple[str, ...] = ()) -> Check:
        """Write the last word into Prefect, MLflow and, last of all, the ledger."""
        if self.dry_run:
            return check
        assert check.mlflow_run_id is not None
        evidence.tag_check(check.mlflow_run_id, check)
        evidence.close_run(check.mlflow_run_id, failed=check.reason if check.outcome is Outcome.FAILED else None)
        evidence.tell_prefect(check)
        failpoints.reach("closed check")
        recorded = self.ledger.record(check, keys)
        failpoints.reach("recorded check")
        if recorded:
            announce.check_ended(self.config.notify, check, self.ledger)
            failpoints.reach("announced check")
        self.show()
        return check

    def hand_over(self, check: Check) -> Check:
        """Close what is ours and tell that there is a request. Whoever trains has the last word of this check."""
        assert check.mlflow_run_id is not None
        assert self.asked is not None
        evidence.tag_check(check.mlflow_run_id, check)
        evidence.close_run(check.mlflow_run_id)
        evidence.tell_prefect(check)
        evidence.tag_request(self.asked.request_id)
        # Last, for from here on somebody else may write into that MLflow run.
        announce.retrain_requested(check, self.asked.request_id)
        return check

    def show(self) -> None:
        """Let the site follow."""
        from driftloop.pipelines import site

        wrong = site.rewrite(self.config.model, self.ledger)
        if wrong:
            get_run_logger().warning("%s", wrong)
