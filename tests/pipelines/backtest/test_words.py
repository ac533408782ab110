"""The table and the sentences: what a user reads in a terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from driftloop.monitoring.presentation.markup import number
from driftloop.pipelines.backtest.recommendation import Recommendation
from driftloop.pipelines.backtest.words import as_table, length, verdict
from driftloop.pipelines.runtime.tables import Screen
from tests.aging import aging, done


def test_the_table_has_a_line_for_each_policy_and_the_yaml_to_paste() -> None:
    """The oracle first, then the cheapest; columns line up; below it the choice and its block."""
    found = done(aging(seed=1))
    lines = as_table(found).split("\n")
    assert lines[0] == "shop: 40 batches of 7d, 2026-01-01 to 2026-10-08; decided on the newest 28."
    head = next(at for at, line in enumerate(lines) if line.startswith("policy "))
    names = [line.split("  ")[0] for line in lines[head + 1 : head + 2 + len(found.standings)]]
    assert names[0] == "oracle"
    assert [name.removesuffix(" *") for name in names[1:]] == [one.name for one in found.standings]
    assert any(name.endswith(" *") for name in names)
    assert lines[-3:-1] == ["policies:", "  triggers:"]
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    """No line is wider, and every cost and interval is there in one piece; a pipe gets the same content."""
    found = done(aging(seed=1))
    lines = as_table(found, Screen(width)).split("\n")
    before_the_yaml = lines[: lines.index("policies:")]
    assert max(map(len, before_the_yaml)) <= width
    for one in found.standings:
        for whole in (one.name, number(one.cost), f"{one.low:.1f} .. {one.high:.1f}"):
            assert any(whole in line for line in lines), whole
    assert set(" ".join(as_table(found).split()).split()) == set(" ".join(lines).split()) | missing_titles(width)


def missing_titles(width: int) -> set[str]:
    """Where each policy is a block, the first column has no title."""
    return {"policy"} if width == 60 else set()


def recommendation(**more: object) -> Recommendation:
    made = done(aging(seed=1)).recommendation
    assert made is not None
    return made.model_copy(update=more)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"own": True}, "Recommended: keep the triggers of the config."),
        ({"saving": None, "confirmed": False}, "Not recommended: the triggers of the config were not compared"),
        ({"confirmed": False, "saving": -2.0}, "saves -2.0%"),
        ({"confirmed": False, "saving_low": -1.0}, "which may be chance. Keep the triggers of the config."),
        ({"saving_low": 1.0}, "compared with the triggers of the config."),
    ],
)
def test_the_verdict_states_how_far_it_can_be_trusted(changed: dict[str, object], message: str) -> None:
    """Keep, not compared, not confirmed, perhaps chance, proven: each has its own sentence."""
    assert message in verdict(recommendation(**changed))


def test_a_batch_of_rows_has_a_rounded_length() -> None:
    """A span reads as in the config, the odd length of a batch of rows in days."""
    study = done(aging())
    assert length(study) == "7d"
    assert length(study.model_copy(update={"every": timedelta(days=6, seconds=3712)})) == "about 6 days"
