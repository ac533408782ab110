"""Types of the id in an output, by the type of the column in the source."""

from __future__ import annotations

import pytest

from driftloop.pipelines.predictions.scored_rows import WHOLE


@pytest.mark.parametrize("kind", ["BIGINT", "INTEGER", "bigint", "integer", "smallint", "int64", "UINTEGER", "TINYINT"])
def test_integers_of_all_engines_stay_integers(kind: str) -> None:
    """Those that fit 64 bits with a sign."""
    assert WHOLE.fullmatch(kind.lower())


@pytest.mark.parametrize(
    "kind", ["UBIGINT", "HUGEINT", "uint64", "DOUBLE", "interval", "text", "VARCHAR", "numeric", ""]
)
def test_other_types_are_text(kind: str) -> None:
    """Also integers that are larger, and derived columns, whose type is not known before they are read."""
    assert not WHOLE.fullmatch(kind.lower())
