"""New rows are noticed: files that came after the last check, and a source whose newest time moved on."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import SecretMissing
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.service.arrivals import Arrivals, Poll, pattern
from tests import streams
from tests.streams import day


def project(folder: Path, **changes: Any) -> Project:
    return load(streams.write(folder, **changes))


def test_a_path_starts_at_the_folder_of_the_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the file and not to the working folder; the environment and ~ are filled in."""
    monkeypatch.setenv("INCOMING", "in")
    assert pattern(project(tmp_path, schedule={"on": {"arrival": "${INCOMING}/*.csv"}})) == f"{tmp_path}/in/*.csv"
    home = project(tmp_path, schedule={"on": {"arrival": "~/x.csv"}})
    assert pattern(home) == os.path.expanduser("~/x.csv")
    assert pattern(project(tmp_path, schedule={"on": {"poll": "5m"}})) is None
    assert pattern(project(tmp_path)) is None
    with pytest.raises(SecretMissing, match=r"schedule\.on\.arrival"):
        pattern(project(tmp_path, schedule={"on": {"arrival": "${NO_SUCH_VARIABLE}"}}))


def test_what_came_after_the_last_check_is_new(tmp_path: Path) -> None:
    """By when a file appeared, whatever its time of change states; to a model never checked everything is new."""
    made = project(tmp_path, schedule={"on": {"arrival": "*.csv", "settle": "1s"}})
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")
    os.utime(file, (0, 0))
    now = datetime.now(UTC)
    new, known = (str(file),), ()
    for since, expected in ((now + timedelta(minutes=1), known), (now - timedelta(minutes=1), new), (None, new)):
        arrivals = Arrivals.of(made, since)
        assert arrivals is not None
        arrivals.look(now)
        assert arrivals.look(now + timedelta(seconds=1)) == expected


@pytest.fixture
def table(tmp_path: Path) -> tuple[Project, sqlite3.Connection]:
    """A table of a database with one row an hour on the first two days, and a model with windows by the day."""
    database = sqlite3.connect(tmp_path / "rows.db")
    database.execute("CREATE TABLE trips (ts TEXT, amount REAL, speed REAL, city TEXT, kind TEXT, y REAL)")
    made = project(
        tmp_path,
        source={"url": f"sqlite:///{tmp_path}/rows.db", "table": "trips"},
        schedule={"on": {"poll": "5m"}},
        windows={"current": "1d"},
    )
    for hour in range(48):
        add(database, day(hour / 24))
    return made, database


def add(database: sqlite3.Connection, moment: datetime) -> None:
    database.execute("INSERT INTO trips VALUES (?, 1, 1, 'a', 'b', 1)", (moment.strftime("%Y-%m-%d %H:%M:%S"),))
    database.commit()


def test_a_poll_asks_for_a_check_when_its_window_has_newer_rows(table: tuple[Project, sqlite3.Connection]) -> None:
    """At first; not again for the same rows; again for later rows within the window; not for rows beyond it."""
    made, database = table
    poll = Poll.of(made, None)
    assert poll is not None
    noon = day(2.5)
    assert poll.look(made, noon), "the window of the second day was never checked"
    assert not poll.look(made, noon)
    add(database, day(1.99))
    assert poll.look(made, noon), "a late row is newer than all that were checked"
    add(database, day(2.2))
    add(database, day(2.4))
    assert poll.look(made, noon), "the window's end is reached"
    add(database, day(2.45))
    assert not poll.look(made, noon), "rows of today are not in a window yet"
    assert poll.look(made, day(3.1)), "and tomorrow they are"


def test_a_poll_goes_on_where_the_last_process_stopped(table: tuple[Project, sqlite3.Connection]) -> None:
    """Rows older than the last check are no news."""
    made, _ = table
    poll = Poll.of(made, day(2.1))
    assert poll is not None
    assert not poll.look(made, day(2.5))


def test_a_poll_comes_round_as_often_as_the_config_sets(table: tuple[Project, sqlite3.Connection]) -> None:
    """Every five minutes, the first time immediately."""
    made, _ = table
    poll = Poll.of(made, None)
    assert poll is not None
    assert poll.due(made, day(2))
    assert not poll.due(made, day(2) + timedelta(minutes=4, seconds=59))
    assert poll.due(made, day(2) + timedelta(minutes=5))
