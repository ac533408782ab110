"""Records of causes: text, order and JSON."""

from __future__ import annotations

from driftloop.monitoring.records import Causes, PartSplit, changed
from tests.monitoring.causes.test_judging import SEGMENT, amount, broken, parts


def test_causes_are_read_back_and_shown_as_lines() -> None:
    """JSON round trip; a line for the cause; figures and words by name; unknown causes say why."""
    one = {"rise": amount(1.0), "changed": amount(0.2)}
    made = Causes(
        rows=900,
        reference_rows=900,
        split=parts(0.4, 0.6),
        common=0.9,
        cause="segment",
        segment=SEGMENT,
        parts=(
            PartSplit(name="a", of="feature", harder=amount(0.1), **one),
            PartSplit(name="b", of="feature", harder=amount(0.9), **one),
            PartSplit(name="night", of="slice", share=0.1, harder=amount(0.5), **one),
        ),
    )
    assert Causes.model_validate_json(made.model_dump_json()) == made
    assert [each.name for each in made.features] == ["b", "a"]
    assert [each.name for each in made.slices] == ["night"]
    assert made.figures == {"loss_rise/rise": 1.0, "loss_rise/harder": 0.4, "loss_rise/changed": 0.6}
    assert made.words == {"cause": "segment", "advice": ""}
    ((label, text),) = made.lines
    assert label == "why worse"
    assert "zone = 'x' (20% of the rows): +2 (95% CI 1.9 to 2.1)" in text
    assert "fare is missing" in changed(made, cause="broken_column", broken=(broken(1.0),)).sentence()
    unknown = Causes(reason="no held-out rows")
    assert (unknown.sentence(), unknown.figures) == ("not applicable: no held-out rows", {})
