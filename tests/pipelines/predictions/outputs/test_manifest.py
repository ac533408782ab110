"""What is left of a span, by what an output has."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import OutputHasOther, OutputOverlaps
from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part, Writer, remaining
from tests.streams import day


def window(start: float, end: float) -> Window:
    return Window(start=day(start), end=day(end))


def part(start: float, end: float, version: str = "1", rows: int = 5, run: str = "") -> Part:
    return Part(start=day(start), end=day(end), version=version, model_id=f"m{version}", rows=rows, run=run)


def manifest(*parts: Part) -> Manifest:
    return Manifest(model="trips", key=(), columns=("time",), parts=parts)


def left(known: Manifest, span: Window, writer: Writer) -> list[tuple[float, float]]:
    whole = remaining("out", known, span, writer)
    return [tuple((moment - day(0)).total_seconds() / 86400 for moment in (one.start, one.end)) for one in whole]  # type: ignore[misc]


ONE, TWO = Writer("1", "m1"), Writer("2", "m2")


def test_only_what_is_missing_is_written() -> None:
    """A gap is cut at midnight; a part written from another hour on leaves the rest of its day."""
    assert left(manifest(), window(0.5, 2), ONE) == [(0.5, 1), (1, 2)]
    known = manifest(part(0, 1), part(1.25, 1.5))
    assert left(known, window(0, 3), ONE) == [(1, 1.25), (1.5, 2), (2, 3)]
    assert left(known, window(0.2, 0.8), ONE) == []


def test_another_version_is_replaced_on_request_and_whole() -> None:
    """Parts keep their spans; one that is only partly in the window is refused, as is another registry's version."""
    known = manifest(part(0, 1), part(1, 1.5, "2"), part(2, 3))
    with pytest.raises(OutputHasOther, match=r"by version 1 for 2026-01-01 to 2026-01-04"):
        remaining("out", known, window(0, 4), TWO)
    again = Writer("2", "m2", run="r")
    assert left(known, window(0, 4), again) == [(0, 1), (1, 1.5), (1.5, 2), (2, 3), (3, 4)]
    with pytest.raises(OutputOverlaps, match="2026-01-01 to 2026-01-02 were written together"):
        remaining("out", known, window(0.5, 4), again)
    with pytest.raises(OutputHasOther):
        remaining("out", manifest(part(0, 1)), window(0, 1), Writer("1", "other"))


def test_an_interrupted_replacement_goes_on() -> None:
    """Of the same version, what this run has written is done; what was there before is not."""
    known = manifest(part(0, 1, run="r"), part(1, 2))
    assert left(known, window(0, 2), Writer("1", "m1", run="r")) == [(1, 2)]
    assert left(known, window(0, 2), ONE) == []


def test_parts_take_the_place_of_parts() -> None:
    """The same span is one part, in order of time; one without rows is none. Rows are counted if no part is cut."""
    known = manifest(part(1, 2), part(2, 3)).with_parts([part(0, 1), part(1, 2, rows=0), part(2, 3, rows=7)])
    assert [(one.start, one.rows) for one in known.parts] == [(day(0), 5), (day(2), 7)]
    assert known.rows_within(window(0, 9)) == 12
    assert known.rows_within(window(2.5, 9)) is None
