"""Questions that the top of a model's page answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from driftloop.monitoring.records import Check, ColumnScore
from driftloop.pipelines.site.answers import drifted_first, month_before, serving_since
from driftloop.pipelines.site.history import Mark, ModelHistory
from tests.outcomes import made
from tests.signals import performance
from tests.streams import day


def check(at: float, champion: str | None = "1", after: str | None = None, **more: object) -> Check:
    known = {"check_id": f"c{at}", "now": day(at), "champion": champion, "champion_after": after or champion}
    return made(**(known | more))


def drifting(at: float, **scores: float) -> Check:
    columns = (
        ColumnScore(name=name, role="feature", kind="numeric", method="ks", score=one, threshold=0.1, drifted=one > 0.1)
        for name, one in scores.items()
    )
    return check(at, columns=tuple(columns))


def history(*checks: Check, moves: tuple[Mark, ...] = ()) -> ModelHistory:
    return ModelHistory("m", datetime(2026, 9, 1, tzinfo=UTC), checks, moves=moves)


def test_a_version_serves_since_its_newest_move() -> None:
    """A promotion, or a rollback to it later; a version that served before the first check has no date."""
    promoted = history(check(7), check(14, "1", "2"), check(21, "2"))
    assert serving_since(promoted) == day(14)
    back = Mark(day(30), "rolled_back", "", version="1", left="2")
    assert serving_since(replace(promoted, checks=(*promoted.checks, check(35, "1")), moves=(back,))) == day(30)
    assert serving_since(history(check(7), check(14))) is None
    assert serving_since(history()) is None


OVER = [drifting(7, a=0.2), drifting(14, a=0.0), drifting(21, b=0.2, c=0.3), drifting(28, a=0.9)]


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([drifting(7, a=0.05)], None),
        ([], None),
        (
            OVER,
            "'c', 'b' on 2026-01-22",
        ),
        ([drifting(7, a=0.2), check(14), drifting(21, a=0.2)], "'a' on 2026-01-08"),
        ([drifting(7, a=0.2), drifting(14, a=0.0)], "'a' on 2026-01-08; none drifted after 2026-01-08"),
    ],
)
def test_what_drifted_first_is_of_the_newest_stretch(checks: list[Check], expected: str | None) -> None:
    """An earlier stretch is over; a check without data does not end one."""
    assert drifted_first(checks) == expected


def test_the_loss_is_compared_with_a_month_before() -> None:
    """The closest check counts, if it is close; the loss of another version is named as such."""
    losses = [
        check(at, str(1 + (at > 20)), performance=performance(loss)) for at, loss in ((0, 9.0), (7, 2.0), (35, 3.0))
    ]
    assert month_before(history(*losses)) == "mae 2 on 2026-01-08, version 1 served: 50% higher now"
    assert month_before(history(losses[0], *losses[2:])) == "mae 9 on 2026-01-01, version 1 served: 67% lower now"
    assert month_before(history(losses[2])) is None
    assert month_before(history(check(7))) is None
