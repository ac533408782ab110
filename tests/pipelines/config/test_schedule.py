"""What may be set under `schedule`, and how each mistake in it is reported."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from driftloop.monitoring.errors import ConfigError
from driftloop.pipelines.config.project import load
from driftloop.pipelines.config.schedule import DAILY, Schedule
from tests import streams


def test_a_schedule_has_one_clock_or_waits_for_rows() -> None:
    """Cron or interval; neither means once a day, unless arriving rows start the checks."""
    assert Schedule().clock == DAILY
    assert Schedule(every="6h").clock == timedelta(hours=6)
    assert Schedule(on={"poll": "5m"}).clock is None
    assert Schedule(on={"arrival": "*.csv"}, cron="0 7 * * *").clock == "0 7 * * *"


@pytest.mark.parametrize(
    ("schedule", "found", "expected"),
    [
        ({"cron": DAILY, "every": "6h"}, "schedule: both cron and every", "cron or every"),
        ({"on": {"settle": "2s"}}, "schedule.on: neither arrival nor poll", "arrival (a file or glob) or poll"),
        ({"cron": "0 22-4 * * *"}, "schedule.cron: '22-4' as the hour", "a span that goes forward: write two"),
        ({"cron": "0 6 * nov-feb *"}, "schedule.cron: 'nov-feb' as the month", "a span that goes forward"),
        ({"cron": "*/99 * * * *"}, "schedule.cron: '*/99 * * * *', in which", "a step within its span"),
        ({"cron": "0 6 31 apr,jun *"}, "schedule.cron: '0 6 31 apr,jun *', which never fires", "a day that its months"),
        ({"every": "0.01s"}, "schedule.every: '0.01s'", "at least 0.1s"),
        ({"on": {"poll": "0.01s"}}, "schedule.on.poll: '0.01s'", "at least 0.1s"),
        ({"every": "0h"}, "schedule.every: '0h'", "a duration above 0"),
    ],
)
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, schedule: object, found: str, expected: str) -> None:
    """Where it is, what was found, what is expected."""
    with pytest.raises(ConfigError) as caught:
        load(streams.write(tmp_path, schedule=schedule))
    assert found in caught.value.found
    assert expected in caught.value.expected


def test_a_key_called_on_needs_no_quotes(tmp_path: Path) -> None:
    """YAML 1.1 reads a bare `on` as true; here it is the key that a user wrote, in both places."""
    file = tmp_path / "m.yaml"
    whole = streams.config(schedule={"on": {"arrival": "in/*.csv"}}, notify={"on": ["drift"]})
    file.write_text(yaml.safe_dump(whole).replace("'on':", "on:"))
    assert "    on:" in file.read_text() or "  on:" in file.read_text()
    project = load(file)
    assert project.schedule.on is not None
    assert project.schedule.on.arrival == "in/*.csv"
    assert project.notify.on == ("drift",)
