"""Findings of a check about the model's records, made before it reads any row."""

from __future__ import annotations

from driftloop.monitoring.records import FindingCode

CLOCK_WENT_BACK = FindingCode(
    name="clock_went_back",
    severities=("warning",),
    meaning="the clock of the machine is behind the newest entry of the ledger",
    cause="the clock was set back, or another machine's clock is ahead",
    remedy="correct the clock; until then cooldowns and budgets do not count what happened since",
)
CHAMPION_RESTORED = FindingCode(
    name="champion_restored",
    severities=("warning",),
    meaning="the alias `champion` or its version was changed outside driftloop; a champion was restored or accepted",
    cause="someone moved or deleted an alias or a version in MLflow",
    remedy="use `driftloop promote` and `driftloop rollback` to change the champion",
)
CHAMPION_LOST = FindingCode(
    name="champion_lost",
    severities=("warning",),
    meaning="the champion is missing in MLflow and cannot be restored",
    cause="the database of MLflow was deleted, exchanged, or restored from an older backup",
    remedy="the next training run creates a new champion; `driftloop doctor` shows what is missing",
)
