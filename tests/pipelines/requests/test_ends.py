"""Every way in which a retrain can end."""

from __future__ import annotations

import pytest

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.gate import Gate
from driftloop.pipelines.requests.ends import AFTERWARDS, ENDS, GATE, IMPOSSIBLE, first_outcome


def test_each_answer_of_the_gate_is_an_end() -> None:
    """A rule of the gate that is added has its end without another line, with its own meaning and remedy."""
    assert set(GATE) == {answer.code for answer in Gate.answers}
    for answer in Gate.answers:
        assert (GATE[answer.code].meaning, GATE[answer.code].remedy) == (answer.meaning, answer.remedy)


def test_no_code_has_two_ends() -> None:
    """Only `too_few_rows` is both: a training and a comparison can lack rows."""
    groups = [set(GATE), set(IMPOSSIBLE), set(AFTERWARDS)]
    assert groups[0] & groups[1] == {"too_few_rows"}
    assert groups[2] & (groups[0] | groups[1]) == set()
    assert set(ENDS) == set().union(*groups)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("no_data", Outcome.NO_DATA),
        ("too_few_rows", Outcome.TOO_FEW_ROWS),
        ("no_labels", Outcome.BAD_DATA),
        ("labels_not_allowed", Outcome.BAD_DATA),
        ("worse_than_naive", Outcome.REJECTED),
        ("leak", Outcome.REJECTED),
        ("a code of an older version", Outcome.REJECTED),
    ],
)
def test_a_first_training_is_reported_by_its_end(code: str, outcome: Outcome) -> None:
    """A check whose first training failed for lack of rows reports it, and is not a rejection."""
    assert first_outcome(code) == outcome


def test_every_refusal_has_a_remedy() -> None:
    """An end after which no champion serves states what to do; only passes and a user's own decision do not."""
    silent = {code for code, end in ENDS.items() if not end.remedy}
    passes = {"adopted", "better", "approved", "recalibrated", "shadow_proven", "switched_back", "took_over"}
    assert silent == passes | {"declined"}
