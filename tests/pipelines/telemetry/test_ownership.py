"""What `/health` and `/metrics` show of several services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.pipelines.service.health import health
from driftloop.pipelines.telemetry.metrics import metrics
from driftloop.pipelines.telemetry.ownership import FleetStatus, Ownership, Process

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(seconds=90)


def process(host: str, version: str = "1.0", *, this: bool = False) -> Process:
    return Process(host, 7, version, NOW, UNTIL, 1, this)


def test_a_model_without_an_owner_is_an_alarm_and_no_503() -> None:
    """Every service reports it, for its own files; a restart would not help."""
    fleet = FleetStatus((process("one", this=True),), ("a", "b"), {"a": Ownership("one", 7, NOW, UNTIL, True)})
    status, body = health((), (), NOW, fleet)
    assert (status, body["status"]) == (200, "degraded")
    assert body["services"]["unowned"] == ["b"]
    assert body["services"]["owners"]["a"]["host"] == "one"
    lines = metrics((), NOW, fleet).decode().splitlines()
    for line in (
        'driftloop_model_owned{model="a"} 1.0',
        'driftloop_model_owned{model="b"} 0.0',
        'driftloop_model_here{model="a"} 1.0',
        'driftloop_config_differs{model="a"} 0.0',
        "driftloop_services 1.0",
    ):
        assert line in lines


def test_other_configs_and_versions_are_named_with_their_processes() -> None:
    """Another config is a fault; several versions are an upgrade in progress, and reported."""
    both = (process("one", this=True), process("two", "1.1"))
    owner = {"a": Ownership("two", 7, NOW, UNTIL, False)}
    upgrade = FleetStatus(both, ("a",), owner)
    assert health((), (), NOW, upgrade)[1]["status"] == "ok"
    (problem,) = upgrade.problems
    assert "1.0: one (pid 7); 1.1: two (pid 7)" in problem
    differing = FleetStatus(both[:1], ("a",), owner, {"a": ("two (pid 7)",)})
    assert health((), (), NOW, differing)[1]["status"] == "degraded"
    assert differing.problems == (
        "the config of a here differs from the one of two (pid 7): use the same file in all services",
    )
    assert 'driftloop_config_differs{model="a"} 1.0' in metrics((), NOW, differing).decode()


def test_one_service_that_owns_all_its_models_is_well() -> None:
    """The case of one machine."""
    fleet = FleetStatus((process("one", this=True),), ("a",), {"a": Ownership("one", 7, NOW, UNTIL, True)})
    assert health((), (), NOW, fleet)[1]["status"] == "ok"
    assert fleet.problems == ()
