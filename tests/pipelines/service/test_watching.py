"""A change in a watched folder wakes the service; where nothing can be watched, there is a warning."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftloop.pipelines.service.watching import Watch

PATIENCE = 30.0  # seconds until a test gives up waiting


class Woken:
    """Counts the calls, and waits for the next one while `change` is made again and again."""

    def __init__(self) -> None:
        self.called = threading.Event()

    def __call__(self) -> None:
        self.called.set()

    def by(self, change: Callable[[int], object]) -> bool:
        self.called.clear()
        for time in range(int(PATIENCE / 0.5)):
            change(time)
            if self.called.wait(0.5):
                return True
        return False


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "watch"}


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def watch(woken: Woken) -> Iterator[Watch]:
    before = threads()
    watching = Watch(woken)
    yield watching
    watching.stop()
    for thread in threads() - before:
        thread.join(PATIENCE)


def test_a_new_file_wakes(watch: Watch, woken: Woken, tmp_path: Path) -> None:
    """Also one in a subfolder, where these are watched."""
    below = tmp_path / "deep" / "month=01"
    below.mkdir(parents=True)
    watch.set(frozenset({(tmp_path / "deep", True)}))
    assert woken.by(lambda time: (below / f"{time}.csv").write_text("a"))


def test_the_folders_may_change(watch: Watch, woken: Woken, tmp_path: Path) -> None:
    """After another `set` the new folder wakes, and the threads of the old one end."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    watch.set(frozenset({(first, False)}))
    assert woken.by(lambda time: (first / f"{time}.csv").write_text("a"))
    old = threads()
    watch.set(frozenset({(second, False)}))
    assert woken.by(lambda time: (second / f"{time}.csv").write_text("a"))
    for thread in old:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in old)


def test_the_same_folders_are_not_watched_twice(watch: Watch, tmp_path: Path) -> None:
    """The service sets its folders at every look: that costs no thread."""
    watch.set(frozenset({(tmp_path, False)}))
    running = threads()
    watch.set(frozenset({(tmp_path, False)}))
    assert threads() == running
    assert len(running) >= 1


def test_an_error_while_watching_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The thread ends with the reason, and nothing is raised in it: files are still looked at every few seconds."""

    def fails() -> None:
        called.set()
        raise OSError("inotify watch limit reached")

    called, before = threading.Event(), threads()
    watching = Watch(fails)
    with caplog.at_level(logging.WARNING, "driftloop.service"):
        watching.set(frozenset({(tmp_path, False)}))
        (running,) = threads() - before
        for time in range(int(PATIENCE / 0.5)):
            (tmp_path / f"{time}.csv").write_text("a")
            if called.wait(0.5):
                break
        running.join(PATIENCE)
    assert not running.is_alive()
    assert "cannot be watched, so files are checked every few seconds instead: inotify watch limit" in caplog.text
