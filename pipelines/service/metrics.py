"""The answer to `GET /metrics`: status of every model, in Prometheus' text. The only user of prometheus_client."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from driftloop.pipelines.service.standing import Standing


def _of_last(standing: Standing, name: str) -> Any:
    return getattr(standing.last, name, None)


def _moment(standing: Standing, name: str) -> float | None:
    moment = _of_last(standing, name)
    return moment.timestamp() if moment else None


def _age(standing: Standing, now: datetime) -> float | None:
    return (now - standing.champion_newest).total_seconds() if standing.champion_newest else None


Number = Callable[[Standing, datetime], float | None]
# Name, what it says, and where it comes from. A model of which it is not known has no line.
GAUGES: tuple[tuple[str, str, Number], ...] = (
    (
        "drift_share",
        "Share of the features that drifted, the newest that was measured.",
        lambda s, _: _of_last(s, "drift_share"),
    ),
    (
        "drift_share_timestamp_seconds",
        "When the drift share was measured, since 1970.",
        lambda s, _: _moment(s, "drift_at"),
    ),
    ("loss", "Loss of the champion on labelled rows, the newest that was measured.", lambda s, _: _of_last(s, "loss")),
    ("loss_timestamp_seconds", "When the loss was measured, since 1970.", lambda s, _: _moment(s, "loss_at")),
    ("reference_loss", "Loss that the champion is compared with.", lambda s, _: _of_last(s, "reference_loss")),
    (
        "loss_worse",
        "1 while the loss is worse than the reference loss beyond chance, 0 while it is not.",
        lambda s, _: {"worse": 1.0, "well": 0.0}.get(s.last.standing) if s.last else None,
    ),
    (
        "not_well",
        "1 while something is wrong with the model: its data, its loss, its check, or there is no champion.",
        lambda s, _: s.last.not_well is not None if s.last else None,
    ),
    ("champion_age_seconds", "Time since the newest row that the champion was trained on.", _age),
    ("check_seconds", "How long the last check took.", lambda s, _: _of_last(s, "seconds")),
    (
        "check_wait_seconds",
        "Time from the moment the last check was due to its start.",
        lambda s, _: _of_last(s, "waited_seconds"),
    ),
    ("check_lag_seconds", "How long a check has been due by now.", lambda s, now: s.lag(now).total_seconds()),
    (
        "last_check_timestamp_seconds",
        "When the last check began, since 1970.",
        lambda s, _: s.last.started.timestamp() if s.last else None,
    ),
    (
        "next_check_timestamp_seconds",
        "When a check is due next, since 1970.",
        lambda s, _: s.next.timestamp() if s.next else None,
    ),
    ("check_running", "1 while a check runs.", lambda s, _: s.running_since is not None),
    ("check_overdue", "1 while a check is later than its schedule allows.", lambda s, now: s.silent(now)),
    ("check_hung", "1 while a check runs for longer than any should.", lambda s, now: s.hung(now)),
    (
        "config_broken",
        "1 while the model's file is broken and its last good state is used.",
        lambda s, _: s.broken is not None,
    ),
)


def metrics(standings: Iterable[Standing], now: datetime) -> bytes:
    """All models in Prometheus' text format. Counts begin with the process, as Prometheus expects."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(tuple(standings), now))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, standings: tuple[Standing, ...], now: datetime) -> None:
        self.standings, self.now = standings, now

    def collect(self) -> Iterator[Metric]:
        for name, about, number in GAUGES:
            gauge = GaugeMetricFamily(f"driftloop_{name}", about, labels=["model"])
            for standing in self.standings:
                try:
                    value = number(standing, self.now)
                except Exception:  # noqa: S112  (/health shows the error; the other models keep their lines)
                    continue
                if value is not None and not math.isnan(value):
                    gauge.add_metric([standing.model], float(value))
            yield gauge
        ends = CounterMetricFamily("driftloop_checks", "Checks by how they ended.", labels=["model", "outcome"])
        left = CounterMetricFamily(
            "driftloop_checks_left_out", "Checks that were due and did not run.", labels=["model", "why"]
        )
        for standing in self.standings:
            for outcome, count in sorted(standing.ends.items()):
                ends.add_metric([standing.model, outcome], count)
            left.add_metric([standing.model, "missed"], standing.missed)
            left.add_metric([standing.model, "overrun"], standing.overrun)
        yield ends
        yield left
