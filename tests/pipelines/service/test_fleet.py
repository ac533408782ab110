"""Services that share models, in one process with work of the test's own; real services are in tests/faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.ledger.tables import CLAIMS, MEMBERS, stamp
from driftloop.monitoring.records import Check
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.requests import owning
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service.fleet import config_digest
from driftloop.pipelines.service.loop import Service
from tests import streams
from tests.outcomes import made
from tests.servers.postgres import Postgres

SOON = 120.0
MODELS = tuple(f"f{at}" for at in range(6))
ELSEWHERE = "elsewhere.0 1 1"


class Ran:
    """A service over a folder in a thread, and its checks: what a check records, and when it may end."""

    def __init__(self, folder: Path) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.began, self.lost = list[str](), list[str]()
        self.service = Service([folder], check=self.check, preload=lambda _: None, lease_seconds=3)
        self.thread = threading.Thread(target=self.service.run, args=(SOON,))
        self.thread.start()

    def check(self, project: Project) -> Check:
        self.began.append(project.model)
        assert self.go_on.wait(SOON)
        claim, check = owning.owned(), made(model=project.model, check_id=str(time.time_ns()), now=datetime.now(UTC))
        assert claim is not None
        try:
            with closing(Ledger(home.ledger_url())) as ledger:
                ledger.record(check, by=(claim,))
        except Exception:
            self.lost.append(project.model)
            raise
        return check

    def owned(self) -> set[str]:
        return set(self.service.answers.models())

    def services(self) -> dict[str, Any]:
        return dict(self.service.answers.health()[1]["services"])

    def stop(self) -> None:
        self.go_on.set()
        self.service.stop()
        self.thread.join(SOON)
        assert not self.thread.is_alive()


@pytest.fixture
def ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Ran]]:
    """Starts services over the six models, on a ledger of their own, in a file or in PostgreSQL."""
    registry.client()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if getattr(request, "param", "sqlite") == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.place())
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", url)
    write(tmp_path / "configs")
    found: list[Ran] = []

    def start(folder: Path = tmp_path / "configs") -> Ran:
        found.append(Ran(folder))
        return found[-1]

    yield start
    for one in found:
        one.stop()


def write(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for model in MODELS:
        config = streams.config(model=model, **{"schedule": {"cron": "0 6 1 jan *"}, **changes})
        (folder / f"{model}.yaml").write_text(yaml.safe_dump(config))
    return folder


def until(true: Callable[[], bool]) -> None:
    last = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < last, "it never came to be"
        time.sleep(0.02)


def rewrite(statement: sa.Update | sa.Insert) -> None:
    with closing(Ledger(home.ledger_url())) as ledger, ledger.engine.begin() as open_:
        open_.execute(statement)


def shared(*services: Ran) -> bool:
    parts = [one.owned() for one in services]
    return set().union(*parts) == set(MODELS) and sum(map(len, parts)) == len(MODELS) and all(parts)


@pytest.mark.parametrize("ran", ["sqlite", "postgresql"], indirect=True)
def test_models_are_shared_by_those_that_come_and_go(ran: Callable[..., Ran]) -> None:
    """The second takes its half, a check that runs is not torn from its service, and the last one takes all."""
    first = ran()
    until(lambda: first.owned() == set(MODELS))
    first.go_on.clear()
    for model in MODELS:
        assert first.service.answers.check(model) == "queued"
    second = ran()
    until(lambda: len(second.services()["processes"]) == 2)
    until(lambda: second.service.answers.health()[1]["status"] != "starting")
    assert second.owned() == set()
    assert first.owned() == set(MODELS)
    assert str(second.service.answers.elsewhere(MODELS[0])).endswith(")")
    first.go_on.set()
    until(lambda: shared(first, second) and len(first.owned()) == 3)
    until(lambda: first.services()["unowned"] == [])
    assert sorted(first.began) == list(MODELS)
    second.go_on.clear()
    (running, *_) = second.owned()
    second.service.answers.check(running)
    until(lambda: second.began == [running])
    second.service.stop()
    until(lambda: first.owned() == set(MODELS) - {running})
    second.stop()
    until(lambda: first.owned() == set(MODELS))
    assert second.lost == []


def test_a_service_that_slept_drops_what_others_took_and_records_nothing_of_it(ran: Callable[..., Ran]) -> None:
    """Its running check is given up without news; what no other process took meanwhile stays."""
    first = ran()
    until(lambda: first.owned() == set(MODELS))
    first.go_on.clear()
    taken = MODELS[2]
    first.service.answers.check(taken)
    until(lambda: first.began == [taken])
    until_later = stamp(datetime.now(UTC) + timedelta(seconds=4))
    other = {"holder": ELSEWHERE, "fence": CLAIMS.c.fence + 1, "expires_at": until_later}
    rewrite(CLAIMS.update().where(CLAIMS.c.resource == f"serve/{taken}").values(**other))
    until(lambda: first.owned() == set(MODELS) - {taken})
    assert first.services()["owners"][taken]["host"] == "elsewhere"
    first.go_on.set()
    until(lambda: first.lost == [taken])
    # That service ends too, and never gave the model back.
    until(lambda: first.owned() == set(MODELS))
    with closing(Ledger(home.ledger_url())) as ledger:
        assert ledger.checks(taken) == []
        assert [event.kind for event in ledger.events(taken)] == ["watched"]


def test_other_configs_are_reported_and_a_model_of_one_service_is_checked_by_it(
    ran: Callable[..., Ran], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each side names the other one; a file that only one has is checked by that one."""
    copy = write(tmp_path / "copy")
    (copy / "only.yaml").write_text(yaml.safe_dump(streams.config(model="only", schedule={"every": "1d"})))
    assert config_digest(load(copy / "f0.yaml")) == config_digest(load(tmp_path / "configs" / "f0.yaml"))
    config = streams.config(model="f0", schedule={"every": "1d"})
    (copy / "f0.yaml").write_text(yaml.safe_dump(config))
    first, second = ran(), ran(copy)
    until(lambda: "only" in second.owned())
    until(lambda: first.services()["problems"] != [])
    (problem,) = first.services()["problems"]
    assert "the config of f0 here differs from the one of" in problem
    assert caplog.text.count("the config of f0 here differs") <= 2


def test_a_ledger_in_a_file_is_not_shared_with_another_machine(
    ran: Callable[..., Ran], caplog: pytest.LogCaptureFixture
) -> None:
    """The one that came first keeps its models; the other one takes none, and logs why."""
    first = ran()
    until(lambda: first.owned() == set(MODELS))
    models = '{"f0": "d"}'
    long = {"since": stamp(datetime.now(UTC)), "expires_at": stamp(datetime.now(UTC) + timedelta(days=1))}
    row = {"member": "z", "holder": ELSEWHERE, "version": "1", "models_digest": "d", "models": models, **long}
    rewrite(MEMBERS.insert().values(**row))
    until(lambda: len(first.services()["processes"]) == 2)
    assert first.owned() == set(MODELS)
    rewrite(MEMBERS.update().where(MEMBERS.c.member == "z").values(since=stamp(datetime(2020, 1, 1, tzinfo=UTC))))
    until(lambda: first.owned() == set())
    assert "Several machines need a ledger in PostgreSQL: set DRIFTLOOP_LEDGER_URL" in caplog.text
    assert "(elsewhere, pid 1)" in caplog.text


def test_a_service_restarts_on_a_ledger_whose_last_owner_is_dead(ran: Callable[..., Ran], tmp_path: Path) -> None:
    """A process of this host that has ended owns nothing: no lease has to run out."""
    first = ran()
    until(lambda: first.owned() == set(MODELS))
    here = home.ledger_url()
    with closing(Ledger(here)) as ledger, ledger.engine.connect() as open_:
        holder = str(open_.execute(sa.select(CLAIMS.c.holder)).scalars().first())
    first.stop()
    host = holder.rsplit(" ", 2)[0]
    dead = {"holder": f"{host} 999999 1", "expires_at": stamp(datetime.now(UTC) + timedelta(days=1))}
    rewrite(CLAIMS.update().values(**dead))
    second = ran()
    until(lambda: second.owned() == set(MODELS))
