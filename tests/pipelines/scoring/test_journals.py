"""Journals become one file per day, in which a reader finds each row once at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from driftloop.pipelines.scoring import journals
from driftloop.pipelines.scoring.answer_log import table_of
from driftloop.pipelines.scoring.journals import into_log
from driftloop.pipelines.scoring.loaded import Loaded
from tests.pipelines.scoring.test_answer_log import logged, logging_to, scored

Make = Callable[..., Loaded]


@pytest.fixture
def table(make_loaded: Make, tmp_path: Path) -> pa.Table:
    return table_of([scored(logging_to(make_loaded(columns__id="order", number="5"), tmp_path), 4)])


def journal(folder: Path, at: int, table: pa.Table) -> Path:
    file = folder / f".answers.host.{at:032x}.arrows"
    with file.open("wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return file


def test_a_reader_finds_each_row_once(table: pa.Table, tmp_path: Path) -> None:
    """Whatever it reads while journals are added is what some moment had: never fewer rows than before, none twice."""
    into_log(journal(tmp_path, 0, table))
    done, counts = threading.Event(), list[int]()

    def read() -> None:
        while not done.is_set():
            counts.append(len(logged(tmp_path)))

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(1, 30):
        into_log(journal(tmp_path, at, table))
    done.set()
    reader.join()
    assert counts == sorted(counts)
    assert all(count % 4 == 0 for count in counts)
    assert len(logged(tmp_path)) == 120
    assert len(list(tmp_path.iterdir())) == 1


def test_a_large_file_is_followed_by_another(table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a journal that is in the one before is not added again, though the process died before it was removed."""
    monkeypatch.setattr(journals, "MOST_IN_FILE", 10)
    for at in range(5):
        into_log(journal(tmp_path, at, table))
    into_log(journal(tmp_path, 1, table))
    files = sorted(tmp_path.glob("*.parquet"))
    assert [len(pd.read_parquet(file)) for file in files] == [8, 8, 4]
    assert [file.stem[-3:] for file in files] == ["001", "002", "003"]


def test_another_version_and_other_columns_have_files_of_their_own(table: pa.Table, tmp_path: Path) -> None:
    """A version that was registered again under the same number is another one."""
    more = table.append_column("order_2", pa.nulls(4, pa.string()))
    other = table.set_column(table.column_names.index("model_id"), "model_id", pa.array(["m-x"] * 4))
    for at, each in enumerate((table, more, other, table)):
        into_log(journal(tmp_path, at, each))
    assert len(list(tmp_path.glob("*.parquet"))) == 3
    assert len(logged(tmp_path)) == 16


def test_an_unreadable_file_stays_as_it_is(table: pa.Table, tmp_path: Path) -> None:
    """The rows are in a new file next to it."""
    made = into_log(journal(tmp_path, 1, table))
    assert made is not None
    made.write_bytes(b"PAR1 cut")
    after = into_log(journal(tmp_path, 2, table))
    assert after not in (None, made)
    assert len(pd.read_parquet(str(after))) == 4
    assert made.read_bytes() == b"PAR1 cut"
