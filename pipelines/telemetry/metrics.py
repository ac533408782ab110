"""Metrics of Prometheus: all definitions, shared by `GET /metrics`, text files and a push gateway. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from driftloop.monitoring.drift.methods import strain
from driftloop.pipelines.telemetry.model_status import ModelStatus
from driftloop.pipelines.telemetry.ownership import NO_SERVICES, FleetStatus


def _of_last(status: ModelStatus, name: str) -> Any:
    return getattr(status.last, name, None)


def _moment(status: ModelStatus, name: str) -> float | None:
    moment = _of_last(status, name)
    return moment.timestamp() if moment else None


def _next(status: ModelStatus) -> float | None:
    moment = status.next or status.due()
    return moment.timestamp() if moment else None


def _age(status: ModelStatus, now: datetime) -> float | None:
    return (now - status.champion_newest).total_seconds() if status.champion_newest else None


Number = Callable[[ModelStatus, datetime], float | None]


@dataclass(frozen=True)
class Gauge:
    """Name, help text, and source of the value; a model without a value has no line.

    The value of a `live` gauge changes between checks, so only a service exports it.
    """

    name: str
    about: str
    number: Number
    live: bool = False


GAUGES: tuple[Gauge, ...] = (
    Gauge(
        "drift_share",
        "Share of the features that drifted, the latest measured value.",
        lambda s, _: _of_last(s, "drift_share"),
    ),
    Gauge(
        "drift_share_timestamp_seconds",
        "When the drift share was measured, since 1970.",
        lambda s, _: _moment(s, "drift_at"),
    ),
    Gauge("loss", "Loss of the champion on labeled rows, the latest measured value.", lambda s, _: _of_last(s, "loss")),
    Gauge("loss_timestamp_seconds", "When the loss was measured, since 1970.", lambda s, _: _moment(s, "loss_at")),
    Gauge("reference_loss", "Loss that the champion is compared with.", lambda s, _: _of_last(s, "reference_loss")),
    Gauge(
        "loss_worse",
        "1 while the loss is significantly worse than the reference loss, 0 while it is not.",
        lambda s, _: {"worse": 1.0, "well": 0.0}.get(s.last.standing) if s.last else None,
    ),
    Gauge(
        "not_well",
        "1 while the model has a problem: bad data, no new rows, a worse loss, a failed check, or no champion.",
        lambda s, _: s.problem is not None if s.last or s.stale else None,
    ),
    Gauge(
        "newest_row_timestamp_seconds",
        "Time of the newest row of the source, since 1970; only with preflight.max_silence.",
        lambda s, _: s.newest_row.timestamp() if s.newest_row else None,
    ),
    Gauge(
        "rows_stale",
        "1 while the newest row is older than preflight.max_silence, 0 while it is not.",
        lambda s, _: s.stale is not None if s.aged else None,
    ),
    Gauge(
        "shadow_windows",
        "Labeled windows that have counted for the challenger in shadow; only while there is one.",
        lambda s, _: _of_last(s, "shadow_windows"),
    ),
    Gauge(
        "champion_newest_row_timestamp_seconds",
        "Time of the newest row that the champion was trained on, since 1970.",
        lambda s, _: s.champion_newest.timestamp() if s.champion_newest else None,
    ),
    Gauge("champion_age_seconds", "Time since the newest row that the champion was trained on.", _age, live=True),
    Gauge("check_seconds", "Duration of the last check.", lambda s, _: _of_last(s, "seconds")),
    Gauge(
        "check_wait_seconds",
        "Time from the moment the last check was due to its start.",
        lambda s, _: _of_last(s, "waited_seconds"),
        live=True,
    ),
    Gauge("check_lag_seconds", "Time since a check became due.", lambda s, now: s.lag(now).total_seconds(), live=True),
    Gauge(
        "last_check_timestamp_seconds",
        "When the last check began, since 1970.",
        lambda s, _: s.last.started.timestamp() if s.last else None,
    ),
    Gauge("next_check_timestamp_seconds", "When a check is due next, since 1970.", lambda s, _: _next(s)),
    Gauge("check_running", "1 while a check runs.", lambda s, _: s.running_since is not None, live=True),
    Gauge(
        "check_overdue",
        "1 while a check is later than its schedule allows.",
        lambda s, now: s.silent(now),
        live=True,
    ),
    Gauge("check_hung", "1 while a check runs for longer than allowed.", lambda s, now: s.hung(now), live=True),
    Gauge(
        "config_broken",
        "1 while the model's file is invalid and its last valid config is used.",
        lambda s, _: s.broken is not None,
        live=True,
    ),
)


def metrics(statuses: Iterable[ModelStatus], now: datetime, fleet: FleetStatus = NO_SERVICES) -> bytes:
    """Return all models of a service in Prometheus' text format. Counts start at 0 with the process, as it expects."""
    registry = registry_of(statuses, now, live=True)
    registry.register(_Services(fleet))
    return generate_latest(registry)


def registry_of(statuses: Iterable[ModelStatus], now: datetime, *, live: bool) -> CollectorRegistry:
    """Return a registry with the metrics of these models; those that only a service knows if `live`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Models(tuple(statuses), now, live))
    return registry


class _Models(Collector):
    def __init__(self, statuses: tuple[ModelStatus, ...], now: datetime, live: bool) -> None:
        self.statuses, self.now, self.live = statuses, now, live

    def collect(self) -> Iterator[Metric]:
        for each in GAUGES:
            if each.live and not self.live:
                continue
            gauge = GaugeMetricFamily(f"driftloop_{each.name}", each.about, labels=["model"])
            for status in self.statuses:
                try:
                    value = each.number(status, self.now)
                except Exception:  # noqa: S112  (/health shows the error; the other models keep their lines)
                    continue
                if value is not None and not math.isnan(value):
                    gauge.add_metric([status.model], float(value))
            yield gauge
        yield from self._of_models()
        yield from self._of_columns()
        yield from self._of_checks()

    def _of_checks(self) -> Iterator[Metric]:
        """Yield the counters of checks; only a service knows of those that did not run."""
        ends = CounterMetricFamily("driftloop_checks", "Checks by outcome.", labels=["model", "outcome"])
        left = CounterMetricFamily(
            "driftloop_checks_left_out", "Checks that were due and did not run.", labels=["model", "why"]
        )
        for status in self.statuses:
            for outcome, count in sorted(status.ends.items()):
                ends.add_metric([status.model, outcome], count)
            left.add_metric([status.model, "missed"], status.missed)
            left.add_metric([status.model, "overrun"], status.overrun)
        yield ends
        if self.live:
            yield left

    def _of_models(self) -> Iterator[Metric]:
        """Yield the metrics next to the loss, one line per metric, and their references."""
        values = GaugeMetricFamily(
            "driftloop_metric",
            "Metric of the champion on labeled rows, the newest that was measured.",
            labels=["model", "metric"],
        )
        references = GaugeMetricFamily(
            "driftloop_metric_reference", "Metric that it is compared with.", labels=["model", "metric"]
        )
        for status in self.statuses:
            for one in status.last.metrics if status.last else ():
                if one.value is not None:
                    values.add_metric([status.model, one.metric], one.value)
                if one.reference is not None:
                    references.add_metric([status.model, one.metric], one.reference)
        yield values
        yield references
        gaps = GaugeMetricFamily(
            "driftloop_fairness_gap", "Gap of a rate between groups, the newest.", labels=["model", "by", "rate"]
        )
        for status in self.statuses:
            for each in status.last.fairness if status.last else ():
                if each.gap is not None:
                    gaps.add_metric([status.model, each.by, each.rate], each.gap)
        yield gaps

    def _of_columns(self) -> Iterator[Metric]:
        """Yield the drift score of each column, its threshold, and how many times it is over it."""
        scores = GaugeMetricFamily(
            "driftloop_column_drift", "Drift score of a column, the latest.", labels=["model", "column"]
        )
        thresholds = GaugeMetricFamily(
            "driftloop_column_drift_threshold",
            "Score from which on it has drifted; of a p-value below which.",
            labels=["model", "column"],
        )
        ratios = GaugeMetricFamily(
            "driftloop_column_drift_ratio",
            "How many times the score is over its threshold, for a p-value how many times under it.",
            labels=["model", "column"],
        )
        for status in self.statuses:
            for score in status.last.columns if status.last else ():
                values = (scores, score.score), (thresholds, score.threshold), (ratios, strain(score))
                for gauge, value in values:
                    if not math.isnan(value):
                        gauge.add_metric([status.model, score.name], value)
        yield scores
        yield thresholds
        yield ratios


class _Services(Collector):
    def __init__(self, fleet: FleetStatus) -> None:
        self.fleet = fleet

    def collect(self) -> Iterator[Metric]:
        """Yield the owners of all models of this service's files, those that other services check included."""
        running = GaugeMetricFamily("driftloop_services", "Running services that share this ledger.")
        running.add_metric([], len(self.fleet.processes))
        yield running
        owned = GaugeMetricFamily("driftloop_model_owned", "1 while a service checks the model.", labels=["model"])
        here = GaugeMetricFamily("driftloop_model_here", "1 while this service checks the model.", labels=["model"])
        differs = GaugeMetricFamily(
            "driftloop_config_differs", "1 while another service has another config of the model.", labels=["model"]
        )
        for model in self.fleet.models:
            owner = self.fleet.owners.get(model)
            owned.add_metric([model], owner is not None)
            here.add_metric([model], owner is not None and owner.this)
            differs.add_metric([model], model in self.fleet.differing)
        yield owned
        yield here
        yield differs
