"""What follows the record of a check in the ledger: events, notifications and metrics. Nothing here raises."""

from __future__ import annotations

import logging

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify import announce
from driftloop.pipelines.telemetry import publishing

log = logging.getLogger("driftloop.recorded")


def check_recorded(
    config: Project, check: Check, ledger: Ledger, seconds: float | None = None, *, outage: bool = False
) -> None:
    """Announce a recorded check, and publish its metrics; `seconds` is its duration, where it is known."""
    announce.check_ended(config.notify, check, ledger)
    publish_metrics(config, ledger, seconds, outage=outage)


def publish_metrics(config: Project, ledger: Ledger, seconds: float | None = None, *, outage: bool = False) -> None:
    """Publish the metrics of a model after a check or retrain; log a warning for each failure."""
    for problem in publishing.publish(config, ledger, seconds, outage=outage):
        log.warning("%s: %s", config.model, problem)
