"""A ledger of an older driftloop is brought to the present format whole; a newer one is left alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitoring.errors import LedgerTooNew
from monitoring.ledger import Ledger
from monitoring.ledger.migrations import STEPS
from monitoring.ledger.tables import FORMAT, TABLES, stamp
from monitoring.records import PastRetrain

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# As the first release made them, word for word.
OLDEST = """
CREATE TABLE checks (
    number INTEGER NOT NULL, check_id VARCHAR(40) NOT NULL, model VARCHAR(100) NOT NULL, outcome VARCHAR(20) NOT NULL,
    now VARCHAR(40) NOT NULL, written_at VARCHAR(40) NOT NULL, format INTEGER NOT NULL, {past}
    body TEXT NOT NULL, PRIMARY KEY (number), UNIQUE (check_id));
CREATE INDEX ix_checks_model ON checks (model);
CREATE TABLE settled ("key" VARCHAR(64) NOT NULL, check_id VARCHAR(40) NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE requests (
    number INTEGER NOT NULL, request_id VARCHAR(40) NOT NULL, model VARCHAR(100) NOT NULL, champion VARCHAR(40),
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


def old_ledger(file: Path, shape: str = "columns of its own") -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.executescript(OLDEST.format(past=SHAPES[shape]))
        seen = ["c1", "taxi", "steady", stamp(NOW), stamp(NOW), 1]
        seen += [0.25, 2.5] if shape == "columns of its own" else ["{}"]
        marks = ", ".join("?" * (len(seen) + 1))
        database.execute(f"INSERT INTO checks VALUES (1, {marks})", [*seen, json.dumps(BODY)])
        database.execute("INSERT INTO settled VALUES ('k1', 'c1')")
        asked = [("r1", "promoted", None, json.dumps(END)), ("r2", "failed", "out of memory", None)]
        for number, (name, state, error, body) in enumerate(asked, 1):
            row = (number, name, "taxi", "1", stamp(NOW), state, "drift", error, stamp(NOW), body)
            database.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        database.commit()
    return f"sqlite:///{file}"


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_of_an_old_ledger_is_lost(tmp_path: Path, shape: str) -> None:
    """Checks, settled windows, ends of requests and the history of the policies are there, whatever its shape."""
    url = old_ledger(tmp_path / "ledger.db", shape)
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
            told = [(event.kind, event.subject) for event in reversed(ledger.events("taxi"))]
            assert told == [
                ("check_finished", "c1"),
                ("retrain_requested", "r1"),
                ("promoted", "r1"),
                ("retrain_requested", "r2"),
                ("failed", "r2"),
            ]


def shape_of(url: str) -> dict[str, list[tuple[str, bool]]]:
    engine = sa.create_engine(url)
    seen = sa.inspect(engine)
    made = {t: sorted((c["name"], bool(c["nullable"])) for c in seen.get_columns(t)) for t in seen.get_table_names()}
    made |= {f"{t} indexes": sorted((str(i["name"]), True) for i in seen.get_indexes(t)) for t in list(made)}
    engine.dispose()
    return made


@pytest.mark.parametrize("shape", SHAPES)
def test_a_migrated_ledger_is_like_a_fresh_one(tmp_path: Path, shape: str) -> None:
    """The same tables, columns and indexes: no code needs to know where a ledger came from."""
    old, fresh = old_ledger(tmp_path / "old.db", shape), f"sqlite:///{tmp_path / 'fresh.db'}"
    for url in (old, fresh):
        Ledger(url).close()
    assert shape_of(old) == shape_of(fresh)
    assert set(shape_of(fresh)) >= set(TABLES.tables)


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    """What a later driftloop wrote is not misread: the error names both formats, and no byte of the rows changes."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(url).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute(f"UPDATE ledger_format SET format = {FORMAT + 7}")
        database.commit()
        before = list(database.iterdump())
    with pytest.raises(LedgerTooNew, match=rf"format {FORMAT + 7}.*no later format than {FORMAT}"):
        Ledger(url)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        assert list(database.iterdump()) == before


def test_a_migration_that_breaks_off_leaves_the_old_ledger(tmp_path: Path) -> None:
    """A body that cannot be read stops the migration whole; once it is mended the migration comes through."""
    url, file = old_ledger(tmp_path / "ledger.db"), tmp_path / "ledger.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE checks SET body = '{}'")
        database.commit()
        before = list(database.iterdump())
    with pytest.raises(ValueError, match="validation error"):
        Ledger(url)
    with closing(sqlite3.connect(file)) as database:
        assert list(database.iterdump()) == before
        database.execute("UPDATE checks SET body = ?", [json.dumps(BODY)])
        database.commit()
    with closing(Ledger(url)) as ledger:
        assert len(ledger.history("taxi", NOW).checks) == 1


def test_there_is_a_step_from_every_older_format() -> None:
    """No ledger is stranded between two formats."""
    assert sorted(STEPS) == list(range(1, FORMAT))


def test_many_may_open_an_old_ledger_at_once(tmp_path: Path) -> None:
    """Four processes that meet the same old ledger migrate it once."""
    url = old_ledger(tmp_path / "ledger.db")
    command = [sys.executable, "-c", "import sys; from monitoring.ledger import Ledger; Ledger(sys.argv[1])", url]
    openers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [opener.communicate(timeout=120)[1].decode() for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, "\n".join(errors)
    with closing(Ledger(url)) as ledger:
        assert len(ledger.events("taxi")) == 5
