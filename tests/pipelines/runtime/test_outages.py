"""What is under us and fails is reported as what it is: full, closed, damaged, or not to be run."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
from pathlib import Path

import pytest

from driftloop.monitoring.errors import StorageBroken, StorageUnusable
from driftloop.pipelines.runtime import outages


def test_a_program_that_may_not_be_run_is_no_full_disk(tmp_path: Path) -> None:
    """The remedy is the permission, and nothing was to be written."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o600)
    with pytest.raises(PermissionError) as caught:
        subprocess.run([str(program)], check=True)
    error = outages.translate(caught.value)
    assert isinstance(error, StorageUnusable)
    assert f"{program} cannot be run: Permission denied" in str(error)
    assert "correct its permissions" in error.remedy
    assert "space" not in error.remedy


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EFBIG, "raise the limit"),
        (errno.EACCES, "correct its permissions"),
        (errno.EROFS, "correct its permissions"),
    ],
)
def test_the_remedy_follows_from_what_is_wrong(number: int, remedy: str) -> None:
    """More room does not help against a missing permission, nor the other way round."""
    error = outages.translate(OSError(number, "no", "/state/report.html"))
    assert isinstance(error, StorageUnusable)
    assert "/state/report.html cannot be written to" in error.found
    assert remedy in error.remedy


def test_a_database_that_is_damaged_is_restored_and_not_given_room(tmp_path: Path) -> None:
    """SQLite's own word for it is found wherever it is wrapped."""
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        sqlite3.connect(file).execute("SELECT * FROM runs")
    wrapped = RuntimeError("a page of words")
    wrapped.__cause__ = caught.value
    error = outages.translate(wrapped)
    assert isinstance(error, StorageBroken)
    assert "backup" in error.remedy


@pytest.mark.parametrize(("status", "ours"), [(500, True), (503, True), (404, False)])
def test_a_temporary_server_that_fails_is_a_database_that_cannot_grow(
    status: int, ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number proves nothing to a user. An answer about our request is another matter, and so is a real server."""
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    answer = httpx.Response(status, request=httpx.Request("POST", "http://127.0.0.1:4200/api/flow_runs/"))
    with pytest.raises(httpx.HTTPStatusError) as caught:
        answer.raise_for_status()
    error = PrefectHTTPStatusError.from_httpx_error(caught.value)
    result = outages.translate(error)
    assert isinstance(result, StorageUnusable) == ours
    assert (
        f"prefect.db cannot be written to: Prefect's temporary server answers with status {status}" in str(result)
    ) == ours
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
    assert outages.translate(error) is error
