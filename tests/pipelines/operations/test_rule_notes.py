"""`driftloop validate` shows which rules the rows of a check would break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.validation import Validation, validate
from tests import streams
from tests.streams import day, stream


def notes(folder: Path, **changes: Any) -> tuple[Validation, dict[str, tuple[str, str]]]:
    frame = stream(35).assign(order=range(len(stream(35))))
    result = validate(load(streams.write(folder, frame, **changes)), day(35))
    keys = ("columns.rules", "preflight.max_silence")
    return result, {part.key: (part.state, part.message) for part in result.parts if part.key.startswith(keys)}


def test_broken_rules_are_notes_with_their_severity(tmp_path: Path) -> None:
    """The config is valid all the same: rows may be wrong today."""
    result, found = notes(
        tmp_path,
        columns__rules={"amount": {"max": 10, "severity": "fatal"}, "order": {"unique": True}},
        preflight__max_silence="1m",
    )
    assert result.outcome == "valid"
    state, message = found["columns.rules.amount"]
    assert state == "note"
    assert message.startswith("amount is above 10 in ")
    assert message.endswith(" (fatal)")
    assert "columns.rules.order" not in found
    assert found["preflight.max_silence"][0] == "note"


def test_rules_that_hold_are_counted(tmp_path: Path) -> None:
    """Without rules there is no note."""
    _, found = notes(tmp_path, columns__rules={"order": {"unique": True}}, preflight__max_silence="2h")
    assert found["columns.rules"] == ("ok", "no row of 2026-01-29 to 2026-02-05 breaks the rule")
    assert found["preflight.max_silence"][0] == "ok"
    assert notes(tmp_path)[1] == {}


def test_a_rule_on_a_column_that_does_not_exist_is_wrong(tmp_path: Path) -> None:
    """The message names the key and the most similar column."""
    result, _ = notes(tmp_path, columns__rules={"ordre": {"unique": True}})
    assert (result.outcome, result.exit_code) == ("invalid", 2)
    assert "columns.rules.ordre: column 'ordre' is not in " in result.reason
    assert "Did you mean 'order'?" in result.reason
