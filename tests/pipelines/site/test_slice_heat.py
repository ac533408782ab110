"""The heat map of slices: what a check decided about each, the worst now at the top."""

from __future__ import annotations

import math
import re
from datetime import timedelta

import pytest

from driftloop.monitoring.records import Check, SliceScore
from driftloop.pipelines.site.slice_heat import MOST_SLICES, slice_heatmap, step_of
from tests.outcomes import made
from tests.streams import day


def score(name: str, loss: float, standing: str = "well", reference: float | None = 2.0) -> SliceScore:
    return SliceScore(
        name=name, rule="city", rows=90, loss=loss, low=0.0, high=9.0, reference_loss=reference, standing=standing
    )


def checks(*each: tuple[SliceScore, ...]) -> list[Check]:
    return [made(check_id=f"c{at}", now=day(7) + timedelta(days=at), slices=some) for at, some in enumerate(each)]


@pytest.mark.parametrize(
    ("one", "step"),
    [
        (score("a", 1.9), "heat0"),
        (score("a", 9.0), "heat1"),
        (score("a", 2.2, "worse"), "heat2"),
        (score("a", 3.0, "worse"), "heat3"),
        (score("a", 9.0, "worse"), "heat4"),
        (score("a", 9.0, "worse", 0.0), "heat4"),
        (score("a", 9.0, "too_few_rows"), "heatnone"),
        (score("a", 9.0, "no_reference", None), "heatnone"),
        (score("a", math.nan), "heatnone"),
    ],
)
def test_a_cell_shows_what_the_check_decided(one: SliceScore, step: str) -> None:
    """A higher loss within chance is not worse; a slice that was not judged has its own color."""
    assert step_of(one) == step


def test_the_worst_slice_is_first_and_its_values_are_at_the_end() -> None:
    """A slice that only earlier checks had comes last; one that was not judged stays below judged ones."""
    heat = slice_heatmap(
        checks(
            (score("gone", 2.0),), (score("well", 2.1), score("few", 8.0, "too_few_rows"), score("bad", 3.0, "worse"))
        )
    )
    assert heat is not None
    wide = heat.drawing[: heat.drawing.index('class="chart heat narrow"')]
    assert re.findall(r"<title>(\w+)</title>", wide)[0] == "bad"
    assert re.findall(r"<title>(\w+)</title>", wide)[-1] == "gone"
    assert "+50%  (3, was 2)" in wide
    assert f"bad, {day(8):%Y-%m-%d}: loss 3, 90 rows, at training 2" in wide
    assert [kind for kind, _ in heat.legend] == ["heat0", "heat1", "heat3", "heatnone"]


def test_many_slices_stay_small_and_none_draw_nothing() -> None:
    many = slice_heatmap(checks(*[tuple(score(f"s{n}", 3.0, "worse") for n in range(70))] * 300))
    assert many is not None
    assert f"{MOST_SLICES} of 70 slices" in many.remark
    assert len(many.drawing) < 500_000
    assert slice_heatmap([made()]) is None
