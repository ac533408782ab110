"""A stored result is used again only where this version would compute the same; whatever else is stored is no error."""

from __future__ import annotations

import json
import pickle
from base64 import decodebytes, encodebytes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.records import Check, Reference
from tests.conftest import Model
from tests.streams import day

Make = Callable[..., Model]
Upgrade = Callable[[str, str], None]


def stored() -> list[Path]:
    from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

    return [file for file in Path(PREFECT_LOCAL_STORAGE_PATH.value()).iterdir() if file.name.startswith("driftloop-")]


def numbers(check: Check) -> tuple[Any, ...]:
    return check.outcome, check.columns, check.performance, check.estimated, check.votes


def test_another_version_computes_again(trained: Make, upgrade: Upgrade) -> None:
    """After an upgrade the same rows are scored again, and after the next check they are known again."""
    made = trained()
    first, again = made.check(day(33), dry_run=True), made.check(day(33), dry_run=True)
    upgrade("driftloop", "999.1")
    upgraded, known = made.check(day(33), dry_run=True), made.check(day(33), dry_run=True)
    assert [check.cached for check in (first, again, upgraded, known)] == [False, True, False, True]
    assert numbers(first) == numbers(again) == numbers(upgraded) == numbers(known)


def drop(value: Any) -> bool:
    """Take a field from each record within a result, as if an older version had stored it."""
    if isinstance(value, Reference):
        del vars(value)["source_types"]
        return True
    for field in ("estimated", "threshold", "scores"):
        if field in getattr(value, "__dict__", {}):
            del vars(value)[field]
            return True
    return any(drop(item) for item in value) if isinstance(value, tuple) else False


def test_a_result_of_an_older_shape_is_computed_again(trained: Make) -> None:
    """Stored records that lack a field, under the very key, are replaced and fail no check."""
    made = trained()
    before = made.check(day(34), dry_run=True)
    changed = 0
    for file in stored():
        record = json.loads(file.read_bytes())
        value = pickle.loads(decodebytes(record["result"].encode()))
        if drop(value):
            record["result"] = encodebytes(pickle.dumps(value)).decode()
            file.write_text(json.dumps(record))
            changed += 1
    assert changed >= 3
    after, known = made.check(day(34), dry_run=True), made.check(day(34), dry_run=True)
    assert (before.cached, after.cached, known.cached) == (False, False, True)
    assert numbers(before) == numbers(after) == numbers(known)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff no record", b'{"metadata": {}, "result": "AAAA"}'])
def test_a_damaged_result_is_computed_again(content: bytes, trained: Make) -> None:
    """A file that is cut off, or that no result can be read from, is a miss and is written again."""
    made = trained()
    before = made.check(day(35), dry_run=True)
    for file in stored():
        file.write_bytes(content)
    after, known = made.check(day(35), dry_run=True), made.check(day(35), dry_run=True)
    assert (after.cached, known.cached) == (False, True)
    assert numbers(before) == numbers(after) == numbers(known)
