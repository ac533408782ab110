"""Notifications of the service reach their receivers whatever is wrong with the ledger."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from driftloop.monitoring.errors import LedgerBroken, LedgerError, LedgerTooNew, LedgerUnavailable, LedgerUnusable
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.ledger.tables import FORMAT, VERSION
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.notify.delivered import NOTIFIED
from driftloop.pipelines.notify.notices import Notice, of_error
from driftloop.pipelines.service.board import Board
from tests import streams
from tests.streams import day

ROOT = Path(__file__).parents[3]


def execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as open_:
        open_.execute(sa.text(statement))
    engine.dispose()


def overwrite(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).write_bytes(b"this is no database" * 100)


def remove_folder(url: str) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    file.unlink()
    file.mkdir()


# One real way to each error. An error that is added to the ledger must be added here as well.
CAUSES: dict[type[LedgerError], Callable[[str], None]] = {
    LedgerUnusable: remove_folder,
    LedgerUnavailable: lambda url: execute(url, "DROP TABLE events"),
    LedgerBroken: overwrite,
    LedgerTooNew: lambda url: execute(url, f"UPDATE {VERSION.name} SET format = {FORMAT + 7}"),
}


@pytest.fixture
def send(
    tmp_path: Path, webhook: tuple[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[BaseException], list[Any]]]:
    """Report an error of the model `m` through a board and return all that the webhook has received."""
    url, received = webhook
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{tmp_path}/ledger.db")
    project = Project.model_validate(streams.config(model="m", notify={"urls": [url]}))
    with ThreadPoolExecutor(max_workers=1) as background:
        board = Board(background)
        board.put(project, day(7))

        def report(error: BaseException) -> list[Any]:
            board.report(notice(error), "check_failed")
            background.submit(int).result()
            return received

        yield report


def notice(error: BaseException) -> Notice:
    return of_error("m", error)


def test_every_error_of_the_ledger_is_tried() -> None:
    """A new kind of ledger error fails here until there is a way to bring it about."""
    assert set(CAUSES) == set(LedgerError.__subclasses__())


@pytest.mark.parametrize("kind", CAUSES, ids=lambda kind: kind.__name__)
def test_a_notification_is_sent_once_without_a_ledger(
    kind: type[LedgerError], send: Callable[[BaseException], list[Any]], tmp_path: Path
) -> None:
    """Whatever is wrong with the ledger, a notification is delivered, and not a second time by the same process."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    CAUSES[kind](url)
    with pytest.raises(LedgerError) as caught, closing(Ledger(url)) as ledger:
        ledger.events("m")
    assert type(caught.value) is kind
    send(ValueError("the source has changed"))
    assert [one["title"] for one in send(ValueError("the source has changed"))] == ["m: the check failed"]


def test_a_delivery_that_cannot_be_recorded_is_not_repeated(
    send: Callable[[BaseException], list[Any]], tmp_path: Path
) -> None:
    """A ledger that can be read and not written to sends a notification once, as one that records it."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    execute(url, "CREATE TRIGGER closed BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    for _ in range(3):
        received = send(ValueError("the source has changed"))
    assert len(received) == 1
    with closing(Ledger(url)) as ledger:
        assert ledger.events("m", kinds=(NOTIFIED,)) == []


def test_a_ledger_with_a_format_that_is_too_new_is_closed(tmp_path: Path) -> None:
    """A ledger that cannot be opened leaves no open connection to its file, whichever error it ends in."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger(url).close()
    CAUSES[LedgerTooNew](url)
    with pytest.raises(LedgerTooNew) as caught:
        Ledger(url)
    files = {os.path.realpath(link) for link in Path("/proc/self/fd").glob("*")}
    assert str(tmp_path / "ledger.db") not in files, caught.value  # the error keeps the ledger from being collected


def test_no_handler_lists_the_errors_of_the_ledger() -> None:
    """Code that names several of them would miss the next one: it names their base class."""
    names = {kind.__name__ for kind in LedgerError.__subclasses__()}
    lists = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("monitoring", "pipelines")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.Tuple, ast.BinOp))
        and len(names & {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}) > 1
    ]
    assert lists == []
