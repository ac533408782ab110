"""Answers reach the prediction log in batches; what does not fit is counted; what a dead process wrote is recovered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.rows.canonical import conform
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.scoring import answer_log
from driftloop.pipelines.scoring.answer_log import AnswerLog, table_of
from driftloop.pipelines.scoring.bodies import JSON
from driftloop.pipelines.scoring.journals import into_log, recover
from driftloop.pipelines.scoring.loaded import Loaded, Scored
from tests import streams
from tests.pipelines.scoring.conftest import ROW

Make = Callable[..., Loaded]


def logging_to(loaded: Loaded, folder: Path) -> Loaded:
    predictions = loaded.project.predictions.model_copy(update={"path": str(folder)})
    project = loaded.project.model_copy(update={"predictions": predictions})
    return replace(loaded, project=project, config=project)


@pytest.fixture
def loaded(make_loaded: Make, tmp_path: Path) -> Loaded:
    return logging_to(make_loaded(columns__id="order", number="5"), tmp_path)


def scored(loaded: Loaded, rows: int = 1, **more: Any) -> Scored:
    return loaded.score(JSON, json.dumps([{**ROW, "order": at, **more} for at in range(rows)]).encode())


def logged(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))], ignore_index=True)


def waiting(true: Callable[[], bool]) -> bool:
    last = time.monotonic() + 60
    while not true() and time.monotonic() < last:
        time.sleep(0.02)
    return true()


def test_answers_of_a_check_are_found_in_the_log(loaded: Loaded, tmp_path: Path) -> None:
    """By id, and without ids by time and features: the rows of a request are those of the source."""
    rows = streams.stream(3, 40).assign(order=range(120))
    rows.loc[5, ["amount", "city"]] = [np.nan, None]
    rows.loc[6, "city"] = "x" * 5000
    table = pa.Table.from_pandas(rows, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answers = AnswerLog()
    answers.start()
    answer = loaded.score("application/vnd.apache.arrow.stream", sink.getvalue().to_pybytes())
    answers.put(answer)
    answers.stop()
    assert answers.counts["made"].logged == 120
    frame = conform(rows, loaded.config)[0]
    found = prediction_log.find(loaded.config, loaded.version, frame)
    assert found.known.all()
    assert np.array_equal(found.values, answer.predicted)
    nameless = loaded.config.model_copy(update={"columns": loaded.config.columns.model_copy(update={"id": ()})})
    assert prediction_log.find(nameless, loaded.version, frame.assign(order=None)).known.all()
    line = logged(tmp_path).iloc[0]
    assert (line["version"], line["model_id"], line["order"]) == ("5", "m-5", "0")
    assert line["prediction_id"] == f"{answer.request_id}-0"


def test_a_full_queue_drops_and_counts_and_never_waits(loaded: Loaded) -> None:
    """Rows that fit are kept; the thread that writes is not even started."""
    answers = AnswerLog(most_queued=5)
    for _ in range(3):
        answers.put(scored(loaded, 2))
    assert answers.queued == 4
    assert answers.counts["made"].dropped == 2


def test_a_journal_becomes_a_file_after_its_time(loaded: Loaded, tmp_path: Path) -> None:
    """Answers of one moment are one batch; no journal is left, and what came later is in the same file."""
    answers = AnswerLog(roll_seconds=0)
    answers.start()
    for _ in range(2):
        answers.put(scored(loaded, 3))
        assert waiting(lambda: answers.queued == 0)
    answers.stop()
    assert len(logged(tmp_path)) == 6
    assert len(list(tmp_path.iterdir())) == 1


def test_classes_and_another_version_have_files_of_their_own(
    make_loaded: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promotion ends the journal of the version before, once that has answered nothing for a while."""
    monkeypatch.setattr(answer_log, "SILENT_SECONDS", 0.0)
    first = logging_to(make_loaded("binary"), tmp_path)
    second = replace(first, version=replace(first.version, number="4", model_id="m-4"))
    answers = AnswerLog()
    answers.start()
    for loaded in (first, second):
        answers.put(scored(loaded))
        assert waiting(lambda: answers.queued == 0)
    assert waiting(lambda: len(list(tmp_path.glob("*_v3_*.parquet"))) == 1)
    answers.stop()
    frame = logged(tmp_path)
    assert sorted(frame["version"]) == ["3", "4"]
    assert np.allclose(frame["prediction no"] + frame["prediction yes"], 1)


def test_two_versions_that_answer_in_turn_have_one_file_each(loaded: Loaded, tmp_path: Path) -> None:
    """As with a canary: neither ends the journal of the other, and no row is lost."""
    other = replace(loaded, version=replace(loaded.version, number="4", model_id="m-4"))
    answers = AnswerLog()
    answers.start()
    for one in (loaded, other) * 3:
        answers.put(scored(one, 2))
        assert waiting(lambda: answers.queued == 0)
        assert not list(tmp_path.glob("*.parquet"))
    answers.stop()
    assert sorted(logged(tmp_path)["version"]) == ["4"] * 6 + ["5"] * 6
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_an_error_is_counted_and_ends_with_it(loaded: Loaded, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be made: rows are lost and counted, later ones are logged."""
    (tmp_path / "log").write_text("not a folder")
    broken = logging_to(loaded, tmp_path / "log")
    answers = AnswerLog()
    answers.start()
    answers.put(scored(broken, 2))
    assert waiting(lambda: answers.queued == 0)
    counts = answers.counts["made"]
    assert (counts.failed, counts.logged) == (2, 0)
    assert "FileExistsError" in str(counts.error)
    (tmp_path / "log").unlink()
    answers.put(scored(broken))
    answers.stop()
    assert (counts.failed, counts.logged, counts.error) == (2, 1, None)
    assert "answers could not be logged" in caplog.text


def test_a_journal_that_cannot_be_moved_is_tried_again(loaded: Loaded, tmp_path: Path) -> None:
    """As on a full disk; the rows stay in the journal, and come with those of the next one."""
    answers = AnswerLog(roll_seconds=1)
    answers.start()
    answers.put(scored(loaded, 2))
    assert waiting(lambda: answers.queued == 0)
    (journal,) = tmp_path.glob(".answers.*")
    obstacle = journal.with_suffix(".scratch")
    obstacle.mkdir()
    assert waiting(lambda: answers.counts["made"].error is not None)
    assert journal.exists()
    obstacle.rmdir()
    answers.put(scored(loaded))
    answers.stop()
    assert len(logged(tmp_path)) == 3
    assert (answers.counts["made"].logged, answers.counts["made"].error) == (3, None)


def test_a_journal_that_was_cut_anywhere_keeps_its_whole_batches(loaded: Loaded, tmp_path: Path) -> None:
    """What a process wrote before it died is in the log once, however often it is recovered."""
    tables = [table_of([scored(loaded, 2)]) for _ in range(3)]
    whole = tmp_path / "whole"
    ends = []
    with whole.open("wb") as sink, pa.ipc.new_stream(sink, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)
            ends.append(sink.tell())
    content = whole.read_bytes()
    for cut in (0, 10, ends[0] - 1, ends[0], ends[1] + 5, ends[2], len(content)):
        journal = tmp_path / f".answers.host.{cut:032x}.arrows"
        journal.write_bytes(content[:cut])
        again = journal.read_bytes()
        made = into_log(journal)
        rows = 2 * sum(end <= cut for end in ends)
        assert (0 if made is None else len(logged(tmp_path))) == rows
        assert not journal.exists()
        journal.write_bytes(again)
        assert into_log(journal) == made
        if made:
            assert len(logged(tmp_path)) == rows
            made.unlink()


def test_only_journals_of_dead_processes_are_recovered(loaded: Loaded, tmp_path: Path) -> None:
    """A journal that is being written stays as it is."""
    dead = tmp_path / f".answers.host.{'a' * 32}.arrows"
    table = table_of([scored(loaded, 2)])
    with dead.open("wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answers = AnswerLog()
    answers.start()
    answers.put(scored(loaded))
    assert waiting(lambda: answers.queued == 0)
    assert recover(loaded.project) == 1
    assert len(logged(tmp_path)) == 2
    assert len(list(tmp_path.glob(".answers.*"))) == 1
    answers.stop()
    assert len(logged(tmp_path)) == 3


def test_many_threads_lose_no_row(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of several threads while the journal is rolled again and again."""
    monkeypatch.setattr(answer_log, "FLUSH_SECONDS", 0.01)
    answers, answer = AnswerLog(roll_seconds=0.05), scored(loaded, 5)
    answers.start()

    def send() -> None:
        for _ in range(100):
            answers.put(answer)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.stop()
    assert answers.counts["made"].logged == 2000
    assert len(logged(tmp_path)) == 2000
