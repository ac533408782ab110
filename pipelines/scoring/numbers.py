"""Numbers of the scorer in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from driftloop.pipelines.scoring.answer_log import AnswerLog
from driftloop.pipelines.scoring.champions import Champions, Place

# A call to a server that does not answer is repeated for about 15 seconds; a look takes less, unless it loads a model.
LONGEST_LOOK = timedelta(seconds=10)
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Numbers:
    """Requests, rows and seconds per model, counted as they are answered; the rest is read when it is asked for."""

    def __init__(self, champions: Champions, answers: AnswerLog) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "driftloop_score_requests", "Requests by status.", ["model", "status"], registry=self._registry
        )
        self._rows = Counter("driftloop_score_rows", "Rows that were predicted.", ["model"], registry=self._registry)
        self._seconds = Histogram(
            "driftloop_score_seconds",
            "Seconds from the last byte of a request to its answer.",
            ["model"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_States(champions, answers))

    def answered(self, model: str, status: int, seconds: float, rows: int = 0) -> None:
        """Count one request of a known model."""
        self._requests.labels(model, str(status)).inc()
        self._seconds.labels(model).observe(seconds)
        if rows:
            self._rows.labels(model).inc(rows)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _States(Collector):
    def __init__(self, champions: Champions, answers: AnswerLog) -> None:
        self._champions, self._answers = champions, answers

    def collect(self) -> Iterator[Metric]:
        version = GaugeMetricFamily(
            "driftloop_score_version", "1 for the version that serves.", labels=["model", "version"]
        )
        since = GaugeMetricFamily(
            "driftloop_score_version_since_seconds", "When it began to serve, since 1970.", labels=["model"]
        )
        refused = GaugeMetricFamily(
            "driftloop_score_not_following", "1 while the champion does not serve.", labels=["model"]
        )
        share = GaugeMetricFamily(
            "driftloop_score_canary_share",
            "Share of the requests that a challenger in shadow answers.",
            labels=["model", "version"],
        )
        for model, place in tuple(self._champions.places.items()):
            if place.canary is not None:
                share.add_metric([model, place.canary.loaded.version.number], place.canary.share)
            if place.loaded is not None:
                version.add_metric([model, place.loaded.version.number], 1.0)
                since.add_metric([model], place.loaded.since.timestamp())
            if place.state != "elsewhere":
                refused.add_metric([model], float(place.state != "serving" or place.problem is not None))
        yield from (version, since, refused, share)
        contact = self._champions.contact
        yield GaugeMetricFamily(
            "driftloop_score_registry_reachable",
            "1 if the registry answered at the last look.",
            value=float(contact is not None and contact.reachable),
        )
        yield GaugeMetricFamily(
            "driftloop_score_log_queued_rows", "Answered rows that are only in memory.", value=self._answers.queued
        )
        lost = CounterMetricFamily(
            "driftloop_score_log_rows", "Answered rows by what became of them in the log.", labels=["model", "end"]
        )
        for model, counts in tuple(self._answers.counts.items()):
            for end in ("logged", "dropped", "failed"):
                lost.add_metric([model, end], getattr(counts, end))
        yield lost


def _canary(place: Place) -> Mapping[str, object] | None:
    found = place.canary
    if found is None:
        return None
    return {"version": found.loaded.version.number, "share": found.share, "problem": found.problem}


def health(
    champions: Champions, answers: AnswerLog, now: datetime, *, stopping: bool
) -> tuple[int, Mapping[str, object]]:
    """Return the status and the body of `/health`: 503 if a thread has died, where a restart helps; 200 otherwise."""
    models = []
    for model, place in sorted(champions.places.items()):
        loaded = place.loaded
        models.append(
            {
                "model": model,
                "state": place.state,
                "version": loaded.version.number if loaded else None,
                "serves_since": loaded.since.isoformat() if loaded else None,
                "problem": place.problem,
                "canary": _canary(place),
            }
        )
    contact, late, reachable = champions.contact, None, False
    registry = None
    if contact is not None:
        if now - contact.looked > LONGEST_LOOK:
            late = f"the last look ended {(now - contact.looked).total_seconds():.0f} s ago"
        reachable = contact.reachable and late is None
        registry = {
            "reachable": reachable,
            "since": contact.since.isoformat(),
            "looked": contact.looked.isoformat(),
            "error": contact.error or late,
        }
    counted = {model: vars(counts) for model, counts in sorted(answers.counts.items())}
    bad_log = any(counts.error or counts.dropped for counts in answers.counts.values())
    problem = any(place.problem and place.state != "elsewhere" for place in champions.places.values())
    degraded = problem or bad_log or bool(champions.broken) or (contact is not None and not reachable)
    dead = not stopping and (champions.dead or answers.dead)
    state = "degraded" if degraded else "ok"
    status = "broken" if dead else "stopping" if stopping else state if champions.ready else "starting"
    return (503 if dead else 200), {
        "status": status,
        "now": now.isoformat(),
        "registry": registry,
        "models": models,
        "broken": [vars(broken) for broken in champions.broken],
        "log": {"queued_rows": answers.queued, "models": counted},
    }
