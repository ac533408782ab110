"""Canonical rows of a span: cut by time, named by their content."""

from __future__ import annotations

from pathlib import Path

from monitoring.records import Window
from pipelines.config import load
from pipelines.fresh import content_digest, read_fresh
from tests import streams
from tests.streams import day


def test_the_rows_of_a_span_are_read_canonical(tmp_path: Path) -> None:
    """Just the rows within the span, in order of time, whatever the order of the source; the digest is theirs."""
    frame = streams.stream(days=10)
    project = load(streams.write(tmp_path, frame.sample(frac=1, random_state=0)))
    window = Window(start=day(2), end=day(5))
    fresh = read_fresh(project, window, project.folder)
    expected = frame[(frame["ts"] >= day(2)) & (frame["ts"] < day(5))]
    assert fresh.frame["y"].tolist() == expected["y"].tolist()
    assert not fresh.in_order
    assert fresh.digest == content_digest(fresh.frame)
    assert len(fresh.within(Window(start=day(2), end=day(3)), "ts")) == (expected["ts"] < day(3)).sum()


def test_a_digest_names_the_content_whatever_the_order() -> None:
    """Shuffled rows have the same name; one other value or column name gives another."""
    frame = streams.stream(days=2)
    same = content_digest(frame)
    assert content_digest(frame.sample(frac=1, random_state=0)) == same
    assert content_digest(frame.assign(y=frame["y"].where(frame.index > 0, 0.0))) != same
    assert content_digest(frame.rename(columns={"y": "z"})) != same
