"""The table and the sentences: what a user reads in a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from driftloop.monitoring.archive import Archive
from driftloop.monitoring.presentation.markup import number
from driftloop.pipelines.backtest.page import render
from driftloop.pipelines.backtest.recalibrations import Recalibrated
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


def test_recalibrations_have_columns_of_their_own() -> None:
    """Where they were measured and have a price; the table, its legend and the page have them, otherwise none has."""
    made = aging(seed=1)
    values = np.full((40, 40, 5), np.nan)
    values[np.triu_indices(40, 1)] = np.random.default_rng(0).uniform(0.2, 0.4, (780, 5))
    values[..., 1] = 0.1
    found = Recalibrated(values, np.zeros((40, 40, 3, 2), np.float32))
    cured = done(replace(made, recalibrated=found), recalibrate=0.01)
    assert cured.oracle.recalibrated is not None
    assert all(one.recalibrated is not None for one in cured.standings)
    always = next(one for one in cured.standings if one.name == "always")
    assert always.recalibrated is not None
    assert always.recalibrated.recalibrations > 0
    assert always.recalibrated.cost >= cured.oracle.recalibrated.cost
    for text in (as_table(cured), render(cured)):
        assert "recalibrating: cost" in text.lower()
        assert "above an oracle that may recalibrate as well" in text
    assert "recalibrating" not in as_table(done(made)) + as_table(done(made, recalibrate=0.01))
    archived = replace(made, recalibrated=found, waves=np.zeros((40, 40, 2)))
    both = done(archived, recalibrate=0.01, archive=Archive())
    assert both.oracle.both is not None
    always = next(one for one in both.standings if one.name == "always")
    assert always.both is not None
    assert always.recalibrated is not None
    assert (always.both.switches, always.both.recalibrations > 0) == (0, True)
    assert always.both.cost == always.recalibrated.cost, "a retrain or a recalibration is due at every batch"
    assert both.oracle.both.cost <= always.both.cost
    for text in (as_table(both), render(both)):
        assert "both: cost" in text.lower()
        assert "above an oracle that has both" in " ".join(text.split())
    for one in (cured, done(archived, archive=Archive())):
        assert "both: cost" not in as_table(one)
