"""A transaction is done once, whatever becomes of its connection; a database that stays unavailable is reported."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.errors import DriverMissing, LedgerUnavailable, LedgerUnusable
from driftloop.monitoring.ledger import Ledger, transactions
from driftloop.monitoring.ledger.tables import EVENTS
from tests.monitoring.ledger.test_ledger import NOW, ask, check, retrain
from tests.servers.postgres import Postgres

on_postgres = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind for event in reversed(ledger.events("taxi"))]


def test_a_reader_has_one_view(ledger: Ledger) -> None:
    """What another one writes meanwhile is not half seen: the second question sees what the first one saw."""

    def look(open_: Connection) -> list[int]:
        counts = [open_.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one()]
        ledger.note("taxi", "probe", {}, NOW)
        return [*counts, open_.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one()]

    assert transactions.read(ledger.engine, look) == [0, 0]
    assert kinds(ledger) == ["probe"]


@on_postgres
def test_a_connection_that_was_cut_is_made_again(ledger: Ledger, postgres: Postgres) -> None:
    """An administrator, a failover or a firewall ends idle connections: the next call does not notice."""
    ask(ledger)
    assert postgres.disconnect() > 0
    assert ledger.close_request(retrain())
    assert postgres.disconnect() > 0
    assert kinds(ledger) == ["retrain_requested", "promoted"]


@on_postgres
def test_a_transaction_that_was_cut_is_done_again(ledger: Ledger, postgres: Postgres) -> None:
    """Nothing of the first attempt stays."""
    attempts: list[int] = []

    def work(open_: Connection) -> str:
        attempts.append(len(attempts))
        event = {"model": "taxi", "kind": "probe", "now": "", "written_at": "", "format": 2, "payload": "{}"}
        open_.execute(EVENTS.insert().values(**event))
        if len(attempts) == 1:
            postgres.disconnect()
        return "done"

    assert transactions.write(ledger.engine, work) == "done"
    assert attempts == [0, 1]
    with ledger.engine.connect() as open_:
        assert open_.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one() == 1


@contextmanager
def between(port: int, *, heard: bool) -> Iterator[int]:
    """A port that passes everything on to a server, until the first COMMIT of an event: there the line is cut.

    `heard` states whether the server still gets to hear it. Its answer no one hears.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    cut = threading.Event()

    def answers(server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if silent.is_set():
                    break
                client.sendall(data)
        for end in (server, client):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        silent, wrote = threading.Event(), False
        server = socket.create_connection(("127.0.0.1", port))
        back = threading.Thread(target=answers, args=(server, client, silent))
        back.start()
        with suppress(OSError):
            while data := client.recv(65536):
                wrote = wrote or b"INSERT INTO events" in data
                if wrote and b"COMMIT" in data and not cut.is_set():
                    cut.set()
                    silent.set()
                    if not heard:
                        break
                server.sendall(data)
        if not heard:
            for end in (server, client):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        back.join()
        server.close()
        client.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listening:
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    assert cut.is_set()


@on_postgres
@pytest.mark.parametrize("heard", [True, False])
def test_a_commit_whose_answer_is_lost_is_done_once(url: str, postgres: Postgres, heard: bool) -> None:
    """Whether the server heard it cannot be seen from here: it is asked, and the event is there once."""
    Ledger(url).close()
    with (
        between(postgres.port, heard=heard) as port,
        closing(Ledger(url.replace(f":{postgres.port}/", f":{port}/"))) as ledger,
    ):
        ledger.note("taxi", "probe", {}, NOW)
        assert kinds(ledger) == ["probe"]
        assert ledger.record(check(), ("k",))


@on_postgres
def test_two_that_wait_for_each_other_both_come_through(ledger: Ledger) -> None:
    """The server ends one of two transactions that lock the same rows the other way round: it is done again."""
    for name in ("r1", "r2"):
        ask(ledger, name)
    both, attempts = threading.Barrier(2), []

    def work(*names: str) -> Callable[[Connection], None]:
        def lock(open_: Connection) -> None:
            attempts.append(names)
            for name in names:
                open_.execute(sa.text(f"UPDATE requests SET reason = reason || '!' WHERE request_id = '{name}'"))
                if name == names[0] and len(attempts) <= 2:
                    both.wait(10)

        return lock

    other = threading.Thread(target=lambda: transactions.write(ledger.engine, work("r2", "r1")))
    other.start()
    transactions.write(ledger.engine, work("r1", "r2"))
    other.join()
    assert len(attempts) > 2, "neither stood in the other's way"
    assert {row["reason"] for row in ledger.requests("taxi")} == {"drift!!"}


@on_postgres
def test_a_server_that_crashes_and_comes_back_is_waited_for(ledger: Ledger, postgres: Postgres) -> None:
    """Stopped without a word and started again, as by a failover: the call takes longer, and nothing is lost."""
    with ledger.holding("check/taxi", waiting=None):
        ask(ledger)
        postgres.stop(signal.SIGQUIT)
        comes_back = threading.Timer(0.3, postgres.start)
        comes_back.start()
        assert ledger.close_request(retrain())
        comes_back.join()
    assert ledger.busy("check/taxi") is None
    assert kinds(ledger) == ["retrain_requested", "promoted"]


@on_postgres
def test_a_server_that_stays_unavailable_is_reported(
    ledger: Ledger, url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a bounded time, without a password, with what to do; once it is back everything is as it was."""
    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", 0.2)
    ask(ledger)
    postgres.stop()
    try:
        with pytest.raises(LedgerUnavailable, match=r"ledger postgresql.* is unavailable: .*refused") as away:
            ledger.close_request(retrain())
        with pytest.raises(LedgerUnavailable, match="is unavailable"), ledger.model_lock("taxi"):
            pass
        with pytest.raises(LedgerUnusable, match=r"cannot be opened: .*refused") as unopened:
            Ledger(url)
        assert "run the command again" in str(away.value)
        assert postgres.password not in f"{away.value} {unopened.value}"
    finally:
        postgres.start()
    assert kinds(ledger) == ["retrain_requested"]
    assert ledger.close_request(retrain())


@on_postgres
def test_what_waiting_would_not_change_is_reported_immediately(url: str, postgres: Postgres) -> None:
    """A wrong password, a database that is not there, a role without rights: no patience is spent on them."""
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    place = url.rpartition("%3D")[2]
    wrong = {
        postgres.url(place, password="wrong"): "password authentication failed",
        postgres.url(place).replace("/postgres?", "/nowhere?"): 'database "nowhere" does not exist',
        postgres.url(place, role="guest", password="guest"): "permission denied|no schema has been selected",
    }
    for address, why in wrong.items():
        with pytest.raises(LedgerUnusable, match=why) as caught:
            Ledger(address)
        assert "the permissions of this process" in str(caught.value)
        assert not {"wrong@", "guest@", postgres.password} & set(str(caught.value).split(":"))


@pytest.mark.parametrize("secret", ["hu@sh", "hu@sh:x", "hu/sh@5", "hu:s@h/x"])
def test_a_password_that_is_not_quoted_is_refused_and_hidden(secret: str) -> None:
    """It would be taken for a host or a port, which drivers print."""
    with pytest.raises(LedgerUnusable, match="%40") as caught:
        Ledger(f"postgresql+psycopg://ann:{secret}@host/db")
    assert "sh" not in str(caught.value).replace("such", "")
    assert "ann:***@host/db" in str(caught.value)


def test_a_driver_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg a PostgreSQL ledger states what to install; the URL may be spelled as hosts spell it."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        with pytest.raises(DriverMissing, match=r"psycopg, which is not installed") as caught:
            Ledger(f"{scheme}://ann:hush@host/db")
        assert "pip install '.[postgres]'" in str(caught.value)
        assert "hush" not in str(caught.value)
