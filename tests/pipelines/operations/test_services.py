"""What `driftloop status` and `driftloop doctor` say of the running services."""

from __future__ import annotations

from datetime import UTC, datetime

from driftloop.monitoring.ledger.members import Member, Owner, View
from driftloop.pipelines.operations import services

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def member(name: str, version: str = "1.0", **models: str) -> Member:
    return Member(name, f"{name}.0a1b2c 7 1", version, NOW, NOW, models, name)


def owned(model: str, by: str) -> Owner:
    return Owner(model, f"{by}.0a1b2c 7 1", NOW, NOW, 1)


def test_the_owner_of_a_model_is_shown_and_one_without() -> None:
    """A model in no file of a running service is no service's business."""
    view = View((member("db1", a="x", b="y"),), {"a": owned("a", "db1")})
    rows = [{"model": model, **services.owner(view, model)} for model in ("a", "b", "old")]
    assert rows[0]["owner"] == {"host": "db1", "pid": 7, "since": NOW.isoformat(), "until": NOW.isoformat()}
    assert [row["unowned"] for row in rows] == [False, True, False]
    first, second = services.footer(rows)
    assert first == "services: db1 (pid 7) checks 1 model"
    assert second.startswith("no service checks 'b':")
    assert list(services.footer([{"model": "a", **services.owner(View(), "a")}])) == []
    assert services.running(view) == "db1 (pid 7) checks 1 model since 2026-03-01 12:00 UTC"


def test_what_does_not_fit_together_is_named_with_its_processes() -> None:
    """One sentence each: models without an owner, other configs, other versions."""
    both = (member("db1", a="x" * 9, b="y"), member("db2", "1.1", a="z"))
    view = View(both, {"a": owned("a", "db2")})
    unowned, config, version = services.problems(view)
    assert unowned.startswith("no service checks 'b':")
    assert config.startswith("the config of a is not the same in all services (db1 (pid 7): xxxxxxxx; db2 (pid 7): z)")
    assert "(db1 (pid 7): 1.0; db2 (pid 7): 1.1)" in version
    assert list(services.problems(View(both[:1], {"a": owned("a", "db1"), "b": owned("b", "db1")}))) == []
