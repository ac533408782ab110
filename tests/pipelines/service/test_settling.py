"""A file is reported once, when it is complete: settled, renamed into place, written slowly, or changed again."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.pipelines.service.settling import Settling, Stamp, listing, roots

START = datetime(2026, 1, 1, tzinfo=UTC)
SETTLE = timedelta(seconds=2)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def stamp(size: int = 10, changed: int = 1, inode: int = 1, *, whole: bool = True) -> Stamp:
    return Stamp(size, changed, inode, START, whole)


def test_a_file_is_reported_once_when_it_has_settled() -> None:
    """Not when it appears, not before `settle`, exactly at `settle`, and never again."""
    files = Settling(SETTLE)
    assert files.see({"a": stamp()}, at(0)) == ()
    assert files.restless
    assert files.see({"a": stamp()}, at(1.9)) == ()
    assert files.see({"a": stamp()}, at(2)) == ("a",)
    assert files.see({"a": stamp()}, at(100)) == ()
    assert not files.restless


def test_a_file_that_grows_waits_from_its_last_change() -> None:
    """A slow copy is reported when it is done, however long it took."""
    files = Settling(SETTLE)
    for second in range(10):
        assert files.see({"a": stamp(size=second + 1)}, at(second)) == ()
    assert files.see({"a": stamp(size=10)}, at(11)) == ("a",)


@pytest.mark.parametrize("changed", [stamp(size=11), stamp(changed=2), stamp(inode=2)])
def test_a_file_that_is_written_again_is_reported_again(changed: Stamp) -> None:
    """Other size, other time of change or another file renamed over it: new rows."""
    files = Settling(SETTLE)
    files.see({"a": stamp()}, at(0))
    files.see({"a": stamp()}, at(2))
    assert files.see({"a": changed}, at(10)) == ()
    assert files.see({"a": changed}, at(12)) == ("a",)


def test_a_file_that_goes_and_comes_back_is_new() -> None:
    """What was moved away and put there again has arrived again."""
    files = Settling(SETTLE, known={"a": stamp()})
    assert files.see({}, at(0)) == ()
    files.see({"a": stamp()}, at(1))
    assert files.see({"a": stamp()}, at(3)) == ("a",)


@pytest.mark.parametrize("unfit", [stamp(size=0), stamp(whole=False)])
def test_an_unfinished_file_is_never_reported(unfit: Stamp) -> None:
    """Empty, or a parquet file without its end: it is waited for."""
    files = Settling(SETTLE)
    files.see({"a": unfit}, at(0))
    assert files.see({"a": unfit}, at(1000)) == ()
    assert files.restless


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=20))
def test_whatever_is_written_the_last_state_is_reported(steps: list[tuple[int, int]]) -> None:
    """Any history of sizes and pauses ends with the last state reported, and no state is reported twice in a row."""
    files, now, result = Settling(SETTLE), 0, []
    for size, pause in steps:
        for _ in range(pause):
            result += [size] * len(files.see({"a": stamp(size=size)}, at(now)))
            now += 1
    result += [steps[-1][0]] * len(files.see({"a": stamp(size=steps[-1][0])}, at(now + 2)))
    assert result[-1:] == [steps[-1][0]]
    assert all(one != other for one, other in pairwise(result))


def test_unfinished_names_are_not_listed(tmp_path: Path) -> None:
    """What copying programs write under another name first is not there yet; the rename makes it so."""
    for name in (".rows.csv.x7", "rows.csv.part", "rows.csv.tmp", "_rows.csv", "rows.csv~", "good.csv"):
        (tmp_path / name).write_text("a\n1\n")
    (tmp_path / "folder.csv").mkdir()
    assert [Path(name).name for name in listing(str(tmp_path / "*"))] == ["good.csv"]
    assert [Path(name).name for name in listing(str(tmp_path))] == ["good.csv"], "a folder means the files in it"
    os.rename(tmp_path / "rows.csv.part", tmp_path / "rows.csv")
    assert len(listing(str(tmp_path / "*.csv"))) == 2


def test_half_a_parquet_file_is_not_whole(tmp_path: Path) -> None:
    """A parquet file is whole when its last four letters are there, and a rename counts as its arrival."""
    file = tmp_path / "rows.parquet"
    pd.DataFrame({"a": range(100)}).to_parquet(file)
    (found,) = listing(str(file)).values()
    assert found.whole
    assert datetime.now(UTC) - found.appeared < timedelta(minutes=5)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    os.utime(file, (0, 0))
    (half,) = listing(str(file)).values()
    assert not half.whole
    assert datetime.now(UTC) - half.appeared < timedelta(minutes=5), "an old time of change hides no arrival"


def test_a_folder_to_watch_is_found(tmp_path: Path) -> None:
    """The folder of the file; with patterns in the folders all below; the nearest one there is, alone."""
    (tmp_path / "in").mkdir()
    assert roots(str(tmp_path / "in" / "*.csv")) == (tmp_path / "in", False)
    assert roots(str(tmp_path / "in" / "*" / "*.csv")) == (tmp_path / "in", True)
    assert roots(str(tmp_path / "in" / "**" / "*.csv")) == (tmp_path / "in", True)
    assert roots(str(tmp_path / "later" / "*" / "*.csv")) == (tmp_path, False)
