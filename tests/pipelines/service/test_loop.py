"""The service as a whole, with work of the test's own in place of checks; real checks run in test_serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service.loop import Service
from tests import streams
from tests.outcomes import made

SOON = 120.0


class Served:
    """A service over one folder, in a thread of its own, and the checks that it ran."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.model = folder, model
        self.ran: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.ended: bool | None = None

    def write(self, **changes: Any) -> None:
        (self.folder / "m.yaml").write_text(yaml.safe_dump(streams.config(model=self.model, **changes)))

    def check(self, project: Project) -> Check:
        self.ran.append(project.model)
        assert self.go_on.wait(SOON)
        if "raises" in (self.folder / "m.yaml").read_text():
            raise RuntimeError("no rows today")
        return made(model=project.model, now=datetime.now(UTC))

    def start(self, patience: float = SOON) -> Served:
        self.service = Service([self.folder], check=self.check, preload=lambda _: None)
        self.thread = threading.Thread(target=lambda: setattr(self, "ended", self.service.run(patience)))
        self.thread.start()
        self.until(lambda: bool(self.service.answers.models()) or not any(self.folder.glob("*.yaml")))
        return self

    def idle_after(self, checks: int) -> bool:
        """Whether this many checks have run and none is running."""
        return len(self.ran) == checks and self.health()[1]["running_since"] is None

    def until(self, true: Callable[[], bool]) -> None:
        last = time.monotonic() + SOON
        while not true():
            assert time.monotonic() < last, "it never came to be"
            time.sleep(0.01)

    def stop(self) -> bool | None:
        self.go_on.set()
        self.service.stop()
        self.thread.join(SOON)
        assert not self.thread.is_alive()
        return self.ended

    def health(self) -> tuple[int, dict[str, Any]]:
        status, body = self.service.answers.health()
        return status, body["models"][0]

    def noted(self, kind: str) -> list[dict[str, Any]]:
        with closing(Ledger(home.ledger_url())) as ledger:
            return [event.payload for event in ledger.events(self.model, kinds=(kind,))]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    registry.client()  # imported here and not within a look
    one = Served(tmp_path, f"s{tmp_path.name}".replace("_", "")[:60])
    yield one
    if hasattr(one, "service"):
        one.stop()


def before(served: Served, ago: timedelta) -> None:
    """A check of a service that ran this long ago."""
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.record(made(model=served.model, check_id=f"before-{served.model}"[:40], now=datetime.now(UTC) - ago))


def test_a_file_that_arrives_is_checked_immediately_and_once(served: Served) -> None:
    """Written under another name and renamed, it is one arrival; what was there before the last check is none."""
    incoming = served.folder / "in"
    incoming.mkdir()
    (incoming / "old.csv").write_text("a\n1\n")
    before(served, timedelta(seconds=-1))
    served.write(schedule={"on": {"arrival": "in/*.csv", "settle": "0.1s"}})
    served.start()
    (incoming / "new.csv.part").write_text("a\n1\n")
    (incoming / "new.csv.part").rename(incoming / "new.csv")
    served.until(lambda: len(served.ran) == 1)
    served.until(lambda: served.health()[1]["last_check"]["outcome"] == "steady")
    assert served.stop() is True
    assert served.ran == [served.model]


def test_a_file_that_arrived_while_no_service_ran_is_checked(served: Served) -> None:
    """The ledger knows when the last check began; the file is newer."""
    before(served, timedelta(hours=1))
    (served.folder / "late.csv").write_text("a\n1\n")
    served.write(schedule={"on": {"arrival": "*.csv", "settle": "0.1s"}})
    served.start()
    served.until(lambda: len(served.ran) == 1)


def test_what_was_due_meanwhile_is_made_up_once(served: Served) -> None:
    """Down for a day and a half, of an hourly check: one check now, not thirty-six."""
    before(served, timedelta(hours=36))
    served.write(schedule={"cron": "7 * * * *"})
    served.start()
    served.until(lambda: len(served.ran) == 1)
    served.until(lambda: served.service.answers.health()[1]["models"][0]["running_since"] is None)
    assert served.ran == [served.model]


def test_what_is_longer_ago_than_its_grace_is_noted_as_missed(served: Served) -> None:
    """It waits for its next turn, the ledger reports it, and the silence is reported."""
    before(served, timedelta(days=400))
    served.write(schedule={"cron": "0 6 1 jan *", "grace": "1s"})
    served.start()
    served.until(lambda: len(served.noted(Kind.CHECK_MISSED)) == 1)
    served.until(lambda: len(served.noted("check_silent")) == 1)
    status, model = served.health()
    assert (status, model["overdue"], model["missed"]) == (503, True, 1)
    assert served.ran == []


def test_an_overrun_is_noted_and_arriving_rows_wait(served: Served) -> None:
    """A check that is due while the last one runs is left out; one that is asked for comes after it."""
    served.go_on.clear()
    served.write(schedule={"every": "0.2s", "longest": "0.1s"})
    served.start()
    served.until(lambda: len(served.ran) == 1)
    served.until(lambda: len(served.noted(Kind.CHECK_OVERRUN)) >= 1)
    served.until(lambda: served.health()[1]["hung"])
    assert served.health()[0] == 503
    assert served.service.answers.check(served.model) == "again"


def test_a_check_that_fails_stops_nothing(served: Served) -> None:
    """It is reported as the last check, counted, and the next one runs."""
    served.write(schedule={"cron": "0 6 1 jan *"}, source={"path": "raises.csv"})
    served.start()
    assert served.service.answers.check(served.model) == "queued"
    served.until(lambda: (served.health()[1]["last_check"] or {}).get("outcome") == "failed")
    assert "no rows today" in served.health()[1]["last_check"]["reason"]
    assert (
        f'driftloop_checks_total{{model="{served.model}",outcome="failed"}} 1.0'
        in served.service.answers.metrics().decode()
    )
    served.service.answers.check(served.model)
    served.until(lambda: len(served.ran) == 2)


def test_a_check_that_cannot_even_begin_is_reported_to_people(
    served: Served, webhook: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with a ledger that remembers; and once by this process alone where the ledger is unavailable too."""
    url, got = webhook
    served.write(schedule={"cron": "0 6 1 jan *"}, source={"path": "raises.csv"}, notify={"urls": [url]})
    served.start()
    for at in range(2):
        served.service.answers.check(served.model)
        served.until(partial(served.idle_after, at + 1))
    served.until(lambda: [one["title"] for one in got] == [f"{served.model}: the check failed"])
    (tmp_path / "no.db").write_text("no database " * 100)
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{tmp_path}/no.db")
    served.write(schedule={"cron": "0 7 1 jan *"}, source={"path": "raises.csv"}, notify={"urls": [url]})
    for at in range(2, 4):
        served.service.answers.check(served.model)
        served.until(partial(served.idle_after, at + 1))
    served.until(lambda: len(got) == 2)


def test_a_file_that_breaks_and_is_repaired_while_it_runs(served: Served) -> None:
    """The last good state is checked meanwhile; repaired, the file counts again; gone, the model does."""
    served.write(schedule={"cron": "0 6 1 jan *"})
    served.start()
    (served.folder / "m.yaml").write_text("model: [")
    served.until(lambda: served.health()[1]["config_error"] is not None)
    assert served.service.answers.check(served.model) == "queued"
    served.until(lambda: served.ran == [served.model])
    served.until(lambda: len(served.noted("config_broken")) == 1)
    served.write(schedule={"cron": "0 7 1 jan *"})
    served.until(lambda: served.health()[1]["config_error"] is None)
    served.until(lambda: "T07:00" in served.health()[1]["next_run"])
    (served.folder / "m.yaml").unlink()
    served.until(lambda: served.service.answers.models() == ())


def test_a_stop_waits_for_the_running_check(served: Served) -> None:
    """It reports it in its health, starts no other, and ends well when the check has ended."""
    served.go_on.clear()
    served.write(schedule={"cron": "0 6 1 jan *"})
    served.start()
    served.service.answers.check(served.model)
    served.until(lambda: len(served.ran) == 1)
    served.service.stop()
    assert served.service.answers.health()[1]["status"] == "stopping"
    served.until(lambda: served.service.answers.check(served.model) == "stopping")
    assert served.thread.is_alive()
    served.go_on.set()
    served.thread.join(SOON)
    assert served.ended is True


def test_a_check_that_fails_while_the_service_stops_is_reported_too(
    served: Served, webhook: tuple[str, list[Any]]
) -> None:
    """The last news go out before the end."""
    url, got = webhook
    served.go_on.clear()
    served.write(schedule={"cron": "0 6 1 jan *"}, source={"path": "raises.csv"}, notify={"urls": [url]})
    served.start()
    served.service.answers.check(served.model)
    served.until(lambda: len(served.ran) == 1)
    served.service.stop()
    served.until(lambda: served.service.answers.check(served.model) == "stopping")
    assert served.stop() is True
    served.until(lambda: [one["title"] for one in got] == [f"{served.model}: the check failed"])


def test_a_model_that_cannot_be_taken_up_keeps_no_other_back(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported once and tried again at every look, until it can be."""
    other = streams.config(model=f"z{served.model}", schedule={"on": {"arrival": "${IN_A_MOMENT}/*.csv"}})
    (served.folder / "a.yaml").write_text(yaml.safe_dump(other))
    served.write(schedule={"cron": "0 6 1 jan *"})
    served.start()
    assert served.service.answers.models() == (served.model,)
    served.until(lambda: caplog.text.count("cannot be watched yet") == 1)
    monkeypatch.setenv("IN_A_MOMENT", "in")
    served.until(lambda: len(served.service.answers.models()) == 2)
    assert caplog.text.count("cannot be watched yet") == 1


def test_health_is_starting_until_the_models_are_loaded(served: Served) -> None:
    """A probe that waits for a good answer is not fooled by a service that watches nothing yet."""
    loading, loaded = threading.Event(), threading.Event()

    def preload(projects: Iterable[Project]) -> None:
        loading.set()
        assert loaded.wait(SOON)

    served.write(schedule={"cron": "0 6 1 jan *"})
    served.service = Service([served.folder], check=served.check, preload=preload)
    assert served.service.answers.health()[1]["status"] == "starting"
    served.thread = threading.Thread(target=lambda: setattr(served, "ended", served.service.run(SOON)))
    served.thread.start()
    assert loading.wait(SOON)
    status, body = served.service.answers.health()
    assert (status, body["status"], body["models"]) == (503, "starting", [])
    loaded.set()
    served.until(lambda: served.service.answers.health()[0] == 200)
    assert served.health()[1]["model"] == served.model
