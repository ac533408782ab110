"""A disk that is full or read-only, under reports, ledger, or MLflow's artifacts or database: one clear failure."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import pytest

from driftloop.monitoring.errors import LedgerUnavailable, StorageUnusable
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults.test_kills import running, state
from tests.streams import day

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a disk of a test's own is mounted by root alone")


@pytest.fixture
def disk() -> Iterator[Callable[[Path], Path]]:
    """Puts a small disk of its own at a folder; gives the folder."""
    mounted: list[Path] = []

    def mount(place: Path) -> Path:
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], capture_output=True)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(place)], check=True)


Fault = Callable[[Path], AbstractContextManager[str]]


@contextmanager
def full(place: Path) -> Iterator[str]:
    """No byte more fits onto the disk."""
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    yield r"No space left on device|database or disk is full|disk I/O error"
    filler.unlink()


@contextmanager
def read_only(place: Path) -> Iterator[str]:
    """The disk is mounted read-only."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield r"Read-only file system|readonly database|unable to open database file"
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


@contextmanager
def immutable(place: Path) -> Iterator[str]:
    """The database's file takes no write any more, though it is open: a disk with an open file stays writable."""
    file = place / "mlflow.db"
    if subprocess.run(["chattr", "+i", str(file)], capture_output=True).returncode:
        pytest.skip("this file system knows no immutable files")
    try:
        yield r"readonly database|unable to open database file|disk I/O error"
    finally:
        subprocess.run(["chattr", "-i", str(file)], check=True)


@pytest.mark.parametrize(
    ("beneath", "fault"),
    [
        ("reports", full),
        ("reports", read_only),
        ("artifacts", full),
        ("artifacts", read_only),
        ("MLflow's database", full),
        ("MLflow's database", immutable),
    ],
)
def test_a_store_that_takes_nothing_fails_the_check_and_nothing_else(
    shifted: Callable[..., Model], disk: Callable[[Path], Path], beneath: str, fault: Fault,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Found, expected, remedy; the ledger has it; the champion stays; with room again the same check goes through."""
    made = shifted(training__params={"n_estimators": 10})
    if beneath == "MLflow's database":
        place = tmp_path / "mlflow"
        if fault is full:
            disk(place)
        place.mkdir(exist_ok=True)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
    else:
        place = disk(home.reports(made.name) if beneath == "reports" else home.home() / "mlartifacts" / made.name)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    with fault(place) as why, pytest.raises(StorageUnusable, match=why) as caught:
        made.check(day(42))
    assert "cannot be written to" in caught.value.found
    with closing(Ledger(home.ledger_url())) as ledger:
        newest = ledger.checks(made.name, most=1)[0]
    assert newest.outcome is Outcome.FAILED
    assert "cannot be written to" in newest.reason
    assert made.champion() == "1"
    again = made.check(day(42))
    assert again.outcome is Outcome.PROMOTED, again.reason
    assert state(made)[2:] == (["2", "1"], 2)
    assert running(made) == []


@pytest.mark.parametrize(
    ("fault", "asks"), [(full, "is its disk full"), (read_only, "is its disk, folder or file for reading only")]
)
def test_a_disk_under_the_ledger_that_takes_nothing_stops_a_check_before_it_changes_anything(
    shifted: Callable[..., Model], disk: Callable[[Path], Path], fault: Fault, asks: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Nothing is done that cannot be recorded: the error gives the reason; once writable, the check goes through."""
    place = disk(tmp_path / "ledger")
    monkeypatch.setenv("DRIFTLOOP_LEDGER_URL", f"sqlite:///{place / 'ledger.db'}")
    made = shifted(training__params={"n_estimators": 10})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    with fault(place) as why, pytest.raises(LedgerUnavailable, match=rf"({why}); {asks}\?"):
        made.check(day(42))
    assert made.champion() == "1"
    assert running(made) == []
    again = made.check(day(42))
    assert again.outcome is Outcome.PROMOTED, again.reason
    assert state(made)[2:] == (["2", "1"], 2)
    assert running(made) == []
