"""A ledger of an older driftloop is brought to the present format whole; a newer one is left unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from driftloop.monitoring.errors import LedgerTooNew
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.ledger.database import connect
from driftloop.monitoring.ledger.migrations import STEPS
from driftloop.monitoring.ledger.tables import FORMAT, TABLES, stamp
from driftloop.monitoring.records import PastRetrain
from tests.together import together

Empty = Callable[[], str]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# As the first release made them, word for word.
OLDEST = """
CREATE TABLE checks (
    number {counted} NOT NULL, check_id VARCHAR(40) NOT NULL, model VARCHAR(100) NOT NULL, outcome VARCHAR(20) NOT NULL,
    now VARCHAR(40) NOT NULL, written_at VARCHAR(40) NOT NULL, format INTEGER NOT NULL, {past}
    body TEXT NOT NULL, PRIMARY KEY (number), UNIQUE (check_id));
CREATE INDEX ix_checks_model ON checks (model);
CREATE TABLE settled ("key" VARCHAR(64) NOT NULL, check_id VARCHAR(40) NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE requests (
    number {counted} NOT NULL, request_id VARCHAR(40) NOT NULL, model VARCHAR(100) NOT NULL, champion VARCHAR(40),
    now VARCHAR(40) NOT NULL, state VARCHAR(20) NOT NULL, reason TEXT NOT NULL, error TEXT,
    written_at VARCHAR(40) NOT NULL, body TEXT, PRIMARY KEY (number), UNIQUE (request_id));
CREATE INDEX ix_requests_model ON requests (model);
"""
SHAPES = {"columns of its own": "drift_share FLOAT, loss FLOAT,", "the past as one": "past TEXT NOT NULL,"}
BODY: dict[str, Any] = {
    "model": "taxi",
    "check_id": "c1",
    "outcome": "steady",
    "reason": "nothing fired",
    "window": {"start": "2026-02-22T00:00:00+00:00", "end": "2026-03-01T00:00:00+00:00", "rows": 900},
    "columns": [],
    "drift_share": 0.25,
    "performance": {
        "loss_name": "mae",
        "loss": 2.5,
        "low": 2.0,
        "high": 3.0,
        "rows": 800,
        "window": {"start": "2026-02-22T00:00:00+00:00", "end": "2026-03-01T00:00:00+00:00"},
        "reference_loss": 2.0,
    },
    "findings": [],
    "votes": [{"policy": "cooldown", "vote": "allow", "reason": "none yet", "observed": None, "threshold": 7.0}],
    "decision": "wait",
    "retrain": None,
    "champion": "1",
    "champion_after": "1",
    "now": "2026-03-01T00:00:00+00:00",
    "dry_run": False,
    "cached": False,
    "report": None,
    "mlflow_run_id": "abc",
    "prefect_flow_run_id": None,
}
END = {
    "request_id": "r1",
    "code": "better",
    "version": "2",
    "promoted": True,
    "champion_loss": 2.0,
    "challenger_loss": 1.0,
    "reason": "better",
    "mlflow_run_id": None,
}


@contextmanager
def opened(url: str) -> Iterator[sa.Connection]:
    """A transaction of our own, past the ledger."""
    engine = connect(url)
    with engine.begin() as open_:
        yield open_
    engine.dispose()


def old_ledger(url: str, shape: str = "columns of its own") -> str:
    tables = OLDEST.format(past=SHAPES[shape], counted="INTEGER" if url.startswith("sqlite") else "SERIAL")
    observed: dict[str, Any] = {
        "check_id": "c1",
        "model": "taxi",
        "outcome": "steady",
        "now": stamp(NOW),
        "written_at": stamp(NOW),
    }
    observed |= {"format": 1, "body": json.dumps(BODY)}
    observed |= {"drift_share": 0.25, "loss": 2.5} if shape == "columns of its own" else {"past": "{}"}
    asked = {"model": "taxi", "champion": "1", "now": stamp(NOW), "reason": "drift", "written_at": stamp(NOW)}
    ends = [("r1", "promoted", None, json.dumps(END)), ("r2", "failed", "out of memory", None)]
    with opened(url) as open_:
        for statement in tables.split(";")[:-1]:
            open_.execute(sa.text(statement))
        put(open_, "checks", observed)
        put(open_, "settled", {"key": "k1", "check_id": "c1"})
        for name, state, error, body in ends:
            put(open_, "requests", {**asked, "request_id": name, "state": state, "error": error, "body": body})
    return url


def put(open_: sa.Connection, table: str, row: dict[str, Any]) -> None:
    open_.execute(sa.insert(sa.table(table, *map(sa.column, row))).values(**row))


def dump(url: str) -> dict[str, list[Any]]:
    """Every row of every table, and every column."""
    with opened(url) as open_:
        names = sa.inspect(open_).get_table_names()
        return {
            name: [dict(row) for row in open_.execute(sa.text(f"SELECT * FROM {name}")).mappings()] for name in names
        }


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_of_an_old_ledger_is_lost(empty: Empty, shape: str) -> None:
    """Checks, settled windows, ends of requests and the history of the policies are there, whatever its shape."""
    url = old_ledger(empty(), shape)
    for _ in range(2):  # the second opening finds nothing to do
        with closing(Ledger(url)) as ledger:
            check = ledger.checked("k1")
            assert check is not None
            assert (check.check_id, check.drift_share, check.votes[0].threshold) == ("c1", 0.25, 7.0)
            past = ledger.history("taxi", NOW)
            assert [(one.drift_share, one.loss, one.champion) for one in past.checks] == [(0.25, 2.5, "1")]
            assert past.retrains == (PastRetrain(now=NOW, promoted=True),)
            assert [row["state"] for row in ledger.requests("taxi")] == ["failed", "promoted"]
            assert ledger.result("r1") is not None
            kinds = [(event.kind, event.subject) for event in reversed(ledger.events("taxi"))]
            assert kinds == [
                ("check_finished", "c1"),
                ("retrain_requested", "r1"),
                ("promoted", "r1"),
                ("retrain_requested", "r2"),
                ("failed", "r2"),
            ]


def shape_of(url: str) -> dict[str, list[tuple[str, bool]]]:
    with opened(url) as open_:
        observed = sa.inspect(open_)
        made = {
            t: sorted((c["name"], bool(c["nullable"])) for c in observed.get_columns(t))
            for t in observed.get_table_names()
        }
        # PostgreSQL lists the indexes of unique columns too, under names of its own.
        named = {t: [i for i in observed.get_indexes(t) if not i.get("duplicates_constraint")] for t in made}
    return made | {f"{t} indexes": sorted((str(i["name"]), True) for i in named[t]) for t in named}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_migrated_ledger_is_like_a_fresh_one(empty: Empty, shape: str) -> None:
    """The same tables, columns and indexes: no code needs to know where a ledger came from."""
    old, fresh = old_ledger(empty(), shape), empty()
    for url in (old, fresh):
        Ledger(url).close()
    assert shape_of(old) == shape_of(fresh)
    assert set(shape_of(fresh)) >= set(TABLES.tables)


def test_a_newer_format_is_refused_and_left_unchanged(url: str) -> None:
    """What a later driftloop wrote is not misread: the error names both formats, and no row changes."""
    Ledger(url).close()
    with opened(url) as open_:
        open_.execute(sa.text(f"UPDATE ledger_format SET format = {FORMAT + 7}"))
    before = dump(url)
    with pytest.raises(LedgerTooNew, match=rf"format {FORMAT + 7}.*supports formats up to {FORMAT}") as caught:
        Ledger(url)
    assert sa.make_url(url).password is None or str(sa.make_url(url).password) not in str(caught.value)
    assert dump(url) == before


def test_a_migration_that_breaks_off_leaves_the_old_ledger(empty: Empty) -> None:
    """A body that cannot be read stops the migration whole; once it is repaired the migration comes through."""
    url = old_ledger(empty())
    with opened(url) as open_:
        open_.execute(sa.text("UPDATE checks SET body = '{}'"))
    before = dump(url)
    with pytest.raises(ValueError, match="validation error"):
        Ledger(url)
    assert dump(url) == before
    with opened(url) as open_:
        open_.execute(sa.text("UPDATE checks SET body = :body"), {"body": json.dumps(BODY)})
    with closing(Ledger(url)) as ledger:
        assert len(ledger.history("taxi", NOW).checks) == 1


def test_there_is_a_step_from_every_older_format() -> None:
    """No ledger is stranded between two formats."""
    assert sorted(STEPS) == list(range(1, FORMAT))


def test_many_may_open_an_old_ledger_together(empty: Empty) -> None:
    """Four processes that meet the same old ledger migrate it once."""
    url = old_ledger(empty())
    together("import sys; from driftloop.monitoring.ledger import Ledger\n", "Ledger(sys.argv[1])", *[[url]] * 4)
    with closing(Ledger(url)) as ledger:
        assert len(ledger.events("taxi")) == 5
