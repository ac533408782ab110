"""An error of the data becomes the finding that ends its check."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import BadData, MissingColumns, SourceUnreadable
from driftloop.monitoring.quality.unreadable import BY_NAME, unreadable


def test_the_finding_has_the_message_of_the_error() -> None:
    """A file that cannot be read, and columns that are not there, each with a code of its own; all are fatal."""
    broken = unreadable(SourceUnreadable("rows.parquet", "the file is truncated"))
    lost = unreadable(MissingColumns("rows.csv", ["fare"], ["ts", "fares"]))
    assert (broken.code, broken.severity) == ("unreadable_source", "fatal")
    assert "the file is truncated" in broken.message
    assert (lost.code, lost.severity) == ("lost_column", "fatal")
    assert "fare" in lost.message


@pytest.mark.parametrize("code", BY_NAME)
def test_every_code_is_fatal(code: str) -> None:
    """Nothing of such a source is judged, so no code allows a lesser severity."""
    assert BY_NAME[code].severities == ("fatal",)


def test_every_error_of_the_data_has_a_code() -> None:
    """An error without a declared code would fail while it is reported."""
    kinds: list[type[BadData]] = [BadData, *BadData.__subclasses__()]
    assert {kind.code for kind in kinds} <= set(BY_NAME)
