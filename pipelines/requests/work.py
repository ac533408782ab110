"""What a training works on: the request, its config, and the claim under which its word counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from driftloop.monitoring.ledger import Claim, Ledger, Progress, Request, digest
from driftloop.monitoring.records import Retrain
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project


@dataclass(frozen=True)
class Work:
    """One attempt at one request."""

    config: Project
    request: Request
    ledger: Ledger
    claim: Claim

    def retrain(
        self, run_id: str, progress: Progress | None, *, version: str | None, code: str, reason: str
    ) -> Retrain:
        """How it ended, without a promotion."""
        return Retrain(
            request_id=self.request.request_id,
            code=code,
            version=version,
            promoted=False,
            champion_loss=progress.champion_loss if progress else None,
            challenger_loss=progress.challenger_loss if progress else None,
            reason=reason,
            mlflow_run_id=run_id,
        )


def settings_of(config: Project) -> str:
    """A name for all that a training's result depends on besides rows and champion, the user's own code included."""
    apart: dict[str, Any] = dict.fromkeys(("file", "schedule", "policies", "predictions"), True)
    # A request that ran out of time is the same one under a longer limit.
    apart["training"] = {"timeout", "max_memory_mb"}
    told = config.model_dump_json(exclude=apart)
    return digest(told, own_code.code_digest(config))
