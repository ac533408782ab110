"""Guard: no training on broken data."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_TIMES


class BadData(Guard):
    """Vetoes when columns differ from the reference as a whole: at least `errors` findings of severity error.

    Fatal findings end a check before any vote. Use this guard to avoid training on rows that are partly known to be
    broken. Data validation before training: Polyzotis et al., MLSys 2019.
    """

    declares = frozenset({"findings"})
    policy: Literal["bad_data"] = "bad_data"
    errors: int = Field(1, ge=1, le=MOST_TIMES, description="number of errors that veto")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        serious = [finding for finding in signals.findings if finding.severity in {"error", "fatal"}]
        codes = ", ".join(sorted({finding.code for finding in serious}))
        count = f"{len(serious)} error{'s' if len(serious) > 1 else ''} in the data"
        reason = f"{count}: {codes} (limit {self.errors})" if serious else "no errors in the data"
        allowed = len(serious) < self.errors
        return Vote(
            policy=self.policy,
            vote="allow" if allowed else "veto",
            observed=float(len(serious)),
            threshold=float(self.errors),
            reason=reason,
        )
