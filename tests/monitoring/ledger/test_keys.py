"""Keys made of content: equal content has the same key, and any difference another one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.ledger.keys import digest, window_key
from driftloop.monitoring.records import Window

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=7))


def test_a_digest_depends_on_every_part_and_on_their_order() -> None:
    """Parts are kept apart, and None is not the empty text."""
    assert digest("a", "b") == digest("a", "b")
    assert len({digest("a", "b"), digest("b", "a"), digest("ab"), digest("a", "b", ""), digest("a", None)}) == 5
    assert len(digest()) == 32


def test_the_same_check_has_the_same_key_in_every_process() -> None:
    """Keys are stored: they depend neither on the process nor on the hash seed, and an upgrade keeps them."""
    assert digest("retrain", "taxi", 1, None) == "937c4a9d861e63af1921e035d5d42e7a"


def test_each_part_of_a_check_makes_another_one() -> None:
    """Another model, window, champion or other rows are another check."""
    later = Window(start=START, end=START + timedelta(days=8))
    keys = {
        window_key("taxi", WINDOW, "1", "d"),
        window_key("bike", WINDOW, "1", "d"),
        window_key("taxi", later, "1", "d"),
        window_key("taxi", WINDOW, "2", "d"),
        window_key("taxi", WINDOW, None, "d"),
        window_key("taxi", WINDOW, "1", "e"),
    }
    assert len(keys) == 6
