"""The index shows every model on one line, those that need a look first."""

from __future__ import annotations

import re

from monitoring.records import Outcome
from pipelines.site.index_page import ModelLine, line_of, render
from tests.histories import START, history


def test_what_needs_a_look_comes_first() -> None:
    """Failures stand above what was held back, that above what is steady, and names order the rest."""
    outcomes = {"d": Outcome.STEADY, "b": Outcome.HELD, "a": Outcome.STEADY, "c": Outcome.FAILED}
    page = render([ModelLine(model=model, outcome=outcome) for model, outcome in outcomes.items()], START)
    assert re.findall(r'href="models/(\w)\.html"', page) == ["c", "b", "a", "d"]
    assert "4 models · 1 failed or with bad data · 1 held back, rejected or waiting · 2 steady" in page


def test_a_line_sums_up_a_history() -> None:
    """Verdict, champion, newest numbers and the last training of a history are in its line, which survives JSON."""
    told = history(61)
    line = line_of(told)
    assert line.champion == told.champion
    assert line.loss[-1] == told.judged[-1].performance.loss  # type: ignore[union-attr]
    assert (line.last_training, line.last_training_end) == (told.checks[60].now, "rejected")
    assert ModelLine.model_validate_json(line.model_dump_json()) == line
    assert line_of(history(1)).loss == ()


def test_an_empty_index_says_how_to_begin() -> None:
    """Without a model there is no empty table but the first command."""
    page = render([], START)
    assert "driftloop init" in page
    assert "<table" not in page
