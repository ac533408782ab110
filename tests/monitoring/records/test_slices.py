"""Laws of slices as text."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.records import SliceScore, summary, worst


def score(name: str, **more: Any) -> SliceScore:
    given = {"rule": name, "rows": 900, "loss": 3.0, "low": 2.0, "high": 4.0, "standing": "well", "p_value": 0.5}
    return SliceScore(**({"name": name, "reference_loss": 2.0, **given} | more))


def test_the_worst_come_first_and_all_are_counted() -> None:
    """No slice is left out of the numbers, and a record that is read back is the same."""
    slices = (
        *(score("a", standing="worse"), score("b", standing="worse", loss=9.0), score("c")),
        *(score("d", standing="no_reference", p_value=None), score("e", standing="too_few_rows", p_value=None)),
    )
    assert [each.name for each in worst(slices)] == ["b", "a"]
    text = "2 of 3 judged slices are worse: b: 9 against 2 at training (+350.0%, 900 rows) and 1 more"
    more = "; 1 has no reference yet: a retrain measures it; 1 with fewer than 50 labeled rows"
    assert summary(slices, most=1) == text + more
    rare = score("f", standing="no_reference", p_value=None, reference_rows=12)
    assert summary((rare,)).endswith("worse; 1 with fewer than 50 held-out rows at training, too few to compare with")
    infinite = score("a", loss=float("inf"), high=float("inf"))
    assert SliceScore.model_validate_json(infinite.model_dump_json()) == infinite
