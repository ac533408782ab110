"""The timeline draws every kind of history, whole and well-formed."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.site.chart import in_short, timeline
from driftloop.pipelines.site.history import Mark, ModelHistory
from driftloop.pipelines.site.panels import NARROW, WIDE
from tests.histories import START, STEP, history


def drawings(result: ModelHistory) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", timeline(result), re.DOTALL)]


@pytest.mark.parametrize("days", [1, 2, 7, 60, 400])
def test_every_history_is_drawn_inside_its_picture(days: int) -> None:
    """Wide and narrow, well-formed, with no point outside and no value that is none."""
    wide, narrow = drawings(history(days))
    for drawing, layout in ((wide, WIDE), (narrow, NARROW)):
        _, _, width, height = map(float, drawing.attrib["viewBox"].split())
        assert width == layout.width
        text = ET.tostring(drawing, "unicode")
        assert "nan" not in text
        assert "inf" not in text.replace("info", "")
        for rect in drawing.iter("rect"):
            assert -4 <= float(rect.attrib["x"]) <= width
            assert float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height


def test_each_check_can_be_asked_while_they_are_few() -> None:
    """Resting on a check reports its window, verdict, rows and numbers; the newest values are next to the lines."""
    record = history(30)
    wide, _ = drawings(record)
    titles = [title.text for title in wide.iter("title")]
    assert all(in_short(one) in titles for one in record.checks)
    labels = [text.text for text in wide.iter("text") if "label" in text.attrib.get("class", "")]
    last = record.checks[-1]
    assert last.drift_share is not None
    assert labels[0] == f"{last.drift_share:.0%}"
    assert labels[1] == "limit 50%"
    assert labels[3] == "reference 2.8"


def test_a_thousand_checks_are_thinned() -> None:
    """The drawing of a long life is not larger than that of a shorter one by much, and every failure is still seen."""
    long, longer = (len(timeline(history(days))) for days in (600, 1000))
    assert longer < 1.4 * long
    assert longer < 250_000
    shown = [rect for rect in drawings(history(1000))[0].iter("rect") if rect.attrib["class"] == "bad"]
    assert len(shown) == sum(one.outcome is Outcome.BAD_DATA for one in history(1000).checks)


def test_what_came_after_the_last_check_is_shown() -> None:
    """A rollback long after the newest check is at the edge of the timeline and does not squeeze it."""
    record = history(20)
    late = Mark(START + 4000 * STEP, "rolled_back", "rolled back to version 1")
    before, after = (drawings(one)[0] for one in (record, replace(record, moves=(late,))))
    assert "rolled back to version 1" in ET.tostring(after, "unicode")
    words = [[text.text for text in one.iter("text")] for one in (before, after)]
    assert words[1] == [*words[0][: words[0].index("checks")], "retrains", *words[0][words[0].index("checks") :]]
