"""Columns of source and config, compared with the champion's reference."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.monitoring.quality.schema import config_changes, schema
from tests.judged import TYPES, monitored, reference

TRAINED = reference(monitored())


@pytest.mark.parametrize(
    ("types", "codes"),
    [
        (TYPES, {}),
        ({**TYPES, "spare": "string"}, {"extra_column": "info"}),
        ({**TYPES, "amount": "string"}, {"source_type_changed": "warning"}),
        ({name: kind for name, kind in TYPES.items() if name != "kind"}, {"source_column_gone": "warning"}),
    ],
    ids=["same", "new column", "another type", "column gone"],
)
def test_a_changed_source_is_reported(types: dict[str, str], codes: dict[str, str]) -> None:
    """New columns are a note, gone ones and other types a warning: none of them stops a check that can be made."""
    before = TRAINED
    if "source_column_gone" in codes:
        used = tuple(column for column in before.columns if column.name != "kind")
        before = before.model_copy(update={"columns": used})
    assert {one.code: one.severity for one in schema(types, before)} == codes


@pytest.mark.parametrize(
    ("config", "column", "words"),
    [
        ({"columns__numeric": ["amount"]}, "speed", "no longer has speed as a feature"),
        ({"columns__numeric": ["amount"], "columns__categorical": ["speed", "city", "kind"]}, "speed", "categorical"),
        ({"columns__numeric": ["amount"], "columns__target": "speed"}, "y", "no longer has y as a target"),
    ],
)
def test_a_config_that_left_its_champion_is_fatal(config: dict[str, Any], column: str, words: str) -> None:
    """A feature or target that the champion has otherwise would corrupt its judgement."""
    found = {one.column: one for one in config_changes(TRAINED, monitored(**config))}
    assert found[column].severity == "fatal"
    assert words in found[column].message


def test_the_same_config_has_no_finding() -> None:
    """Nothing is found where nothing changed."""
    assert list(config_changes(TRAINED, monitored())) == []
