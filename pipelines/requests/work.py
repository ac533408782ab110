"""Input of a training run: the request, its config, and the claim that lets it record a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from driftloop.monitoring.ledger import Claim, Ledger, Progress, Request, digest
from driftloop.monitoring.records import Outcome, Retrain
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry.version import RECALIBRATES


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
        """Return the result of this attempt, not promoted."""
        recalibrated = progress is not None and progress.code == Outcome.RECALIBRATED
        return Retrain(
            request_id=self.request.request_id,
            code=code,
            version=version,
            promoted=False,
            champion_loss=progress.champion_loss if progress else None,
            challenger_loss=progress.challenger_loss if progress else None,
            reason=reason,
            mlflow_run_id=run_id,
            recalibrates=progress.tags.get(RECALIBRATES) if progress and recalibrated else None,
        )


def settings_of(config: Project) -> str:
    """Return a digest of all that a result depends on except rows and champion, user-defined code included."""
    without = ("archive", "engine", "file", "schedule", "policies", "predictions", "metrics")
    excluded: dict[str, Any] = dict.fromkeys(without, True)
    # A request that ran out of time stays the same request under a longer limit.
    if config.elsewhere:
        del excluded["predictions"]
    if config.trains:
        excluded["training"] = {"timeout", "max_memory_mb"}
    # So do watch and shadow: they begin after the training.
    excluded["promotion"] = {"watch", "shadow", "margin", "canary"}
    # Rules report, and change no result.
    excluded |= {"columns": {"rules"}, "preflight": {"max_silence"}}
    settings = config.model_dump_json(exclude=excluded)
    return digest(settings, own_code.code_digest(config))
