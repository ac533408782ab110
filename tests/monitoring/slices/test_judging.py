"""Laws of judging slices: one family, a reference of their own, no silent slice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.drift.verdicts import PValue, family_level
from driftloop.monitoring.losses import named
from driftloop.monitoring.metrics import named as metric
from driftloop.monitoring.metrics.measuring import pairs_of
from driftloop.monitoring.records import SliceReference, SliceScore
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.judging import Measured, Sliced, decide, not_read, remember, score
from driftloop.monitoring.slices.membership import Marked
from driftloop.monitoring.slices.parts import Slicing

MAE, WAPE = named("mae"), named("wape")
ZONE = Slice(column="zone")
RATE = 0.05


def slicing(codes: Any, names: tuple[str, ...], each: Slice = ZONE) -> Slicing:
    made = Slicing([each])
    made.add([Marked(np.asarray(codes, dtype=np.int32), names)])
    return made


def rows(lost: np.ndarray, target: Any = None, loss: Any = MAE) -> Measured:
    return Measured(lost, np.empty(0) if target is None else target, loss)


def judge(slicing: Slicing, measured: Measured, order: Any = None, before: Any = (), rate: float = RATE) -> Sliced:
    """The slices as a family of their own."""
    found = score(slicing, measured, order, before)
    tested = [PValue(each.p_value) for each in found.scores if each.p_value is not None]
    return Sliced(decide(found.scores, family_level(tested, rate)), found.findings)


def judged(now: np.ndarray, then: np.ndarray, slices: int, rate: float = RATE) -> tuple[SliceScore, ...]:
    names = tuple(f"zone = {place}" for place in range(slices))
    before = remember(slicing(np.arange(len(then)) % slices, names), rows(then))
    return judge(slicing(np.arange(len(now)) % slices, names), rows(now), None, before, rate).scores


def test_chance_finds_a_worse_slice_seldom_among_many() -> None:
    """Twenty slices without a change: at most `rate` of the checks report one; a slice twice as bad is found."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        then, now = rng.exponential(1.0, 2000), rng.exponential(1.0, 4000)
        alarms += any(each.standing == "worse" for each in judged(now, then, 20))
    assert alarms <= 100 * RATE + 2 * math.sqrt(100 * RATE * (1 - RATE))
    now[::20] *= 3
    assert [each.name for each in judged(now, then, 20) if each.standing == "worse"] == ["zone = 0"]


def test_a_reference_is_that_of_the_same_definition() -> None:
    """A slice that was defined otherwise at training, or not at all, has no reference yet, and is not worse."""
    lost = np.linspace(1, 2, 200)
    where = Slice(name="night", where="hour > 22")
    old = SliceReference(name="night", rule="where hour > 20", rows=500, loss=0.1, error=0.01)
    one = slicing(np.zeros(200), ("night",), where)
    (score,) = judge(one, rows(lost), None, [old]).scores
    assert (score.standing, score.reference_loss, score.p_value) == ("no_reference", None, None)
    known = old.model_copy(update={"rule": where.rule})
    (score,) = judge(one, rows(lost), None, [known]).scores
    assert (score.standing, score.reference_loss) == ("worse", 0.1)


def test_a_small_slice_is_shown_and_not_judged() -> None:
    """49 rows are too few, 50 are enough; so are the rows held out at training."""
    for now, then, expected in ((49, 99, "too_few_rows"), (50, 50, "worse"), (50, 49, "no_reference")):
        (score,) = judged(np.full(now, 9.0) + np.arange(now) % 2, np.ones(then) + np.arange(then) % 2, 1)
        assert score.standing == expected
        assert score.rows == now


def test_a_negligible_rise_is_never_worse() -> None:
    """A rise of less than 5% is significant with many rows, and well all the same."""
    (score,) = judged(np.full(5000, 1.04), np.ones(5000), 1)
    assert score.p_value == 0.0
    assert score.standing == "well"


def test_the_mean_of_a_relative_loss_is_that_of_the_slice() -> None:
    """The loss of a slice is the ratio of its own sums, as if its rows were all."""
    lost, target = np.tile([1.0, 6.0], 60), np.tile([10.0, 20.0], 60)
    halves = slicing(np.arange(120) % 2, ("zone = a", "zone = b"))
    assert [round(each.loss, 6) for each in remember(halves, rows(lost, target, WAPE))] == [0.1, 0.3]
    found = judge(halves, rows(lost, target, WAPE), np.arange(120)).scores
    assert [round(each.loss, 6) for each in found] == [0.1, 0.3]


def test_an_empty_slice_is_a_finding() -> None:
    """A condition or an inner bin without a row is reported; an outer bin is not, and no labels are no finding."""
    bins = Slice(column="age", bins=(0.0, 25.0, 60.0))
    names = ("age < 0", "age 0 to 25", "age 25 to 60", "age >= 60", "age missing")
    lost = np.ones(90)
    found = judge(slicing(np.full(90, 2), names, bins), rows(lost))
    assert [(each.code, "'age 0 to 25'" in each.message) for each in found.findings] == [("slice_empty", True)]
    where = Slice(name="night", where="hour > 22")
    (finding,) = judge(slicing(np.full(90, -1), ("night",), where), rows(lost)).findings
    assert finding.code == "slice_empty"
    assert judge(slicing([], ("night",), where), rows(np.empty(0))).findings == ()
    (finding,) = not_read({"zone": "zone"})
    assert finding.code == "slice_not_read"


def test_many_values_are_reported_with_their_number() -> None:
    """The rest of a column with too many values is a slice, and a finding has the number of values in it."""
    names = tuple(f"zone = {place}" for place in range(80))
    found = judge(slicing(np.arange(800) % 80, names), rows(np.ones(800)))
    assert [(each.code, each.observed) for each in found.findings] == [("slice_levels", 30.0)]
    assert {each.rows for each in found.scores if each.name == "zone: other"} == {300}


def test_a_loss_that_is_not_finite_is_worse_than_a_finite_one() -> None:
    """Infinity in a slice is worse, and infinity in the reference leaves the slice without a judgement."""
    lost = np.ones(100)
    (score,) = judged(np.where(np.arange(100) == 3, np.inf, lost), lost, 1)
    assert (score.standing, score.p_value) == ("worse", 0.0)
    (score,) = judged(lost, np.where(np.arange(100) == 3, np.inf, lost), 1)
    assert score.p_value is None


@pytest.mark.parametrize(("level", "worse"), [(0.01, 1), (0.02, 2), (0.04, 3), (0.0099, 0)])
def test_a_slice_is_worse_at_the_level_of_the_family(level: float, worse: int) -> None:
    """A p value at the level exactly is significant, one above it is not."""
    more: dict[str, Any] = {"rule": "", "rows": 90, "loss": 2.0, "low": 1.0, "high": 3.0, "reference_loss": 1.0}
    scores = [
        SliceScore(name=str(place), p_value=p_value, standing="well", **more)
        for place, p_value in enumerate((0.01, 0.02, 0.04))
    ]
    assert sum(each.standing == "worse" for each in decide(scores, level)) == worse


def test_a_slice_has_the_metrics_of_its_own_rows() -> None:
    """Metrics are of the rows of the slice, compared with those at training; one without a value has a reason."""
    target, predicted = np.tile([0.0, 1.0], 60), np.full((120, 2), 0.5)
    predicted[:, 1] = np.where(np.arange(120) < 60, target, 1 - target)
    pairs = pairs_of(np.where(target > 0, "yes", "no"), predicted, ("no", "yes"), predicted.argmax(axis=1))
    halves = slicing(np.arange(120) // 60, ("zone = a", "zone = b"))
    measured = Measured(np.ones(120), np.empty(0), named("log_loss"), pairs, (metric("roc_auc"),))
    before = remember(halves, measured)
    assert [each.metrics for each in before] == [{"roc_auc": 1.0}, {"roc_auc": 0.0}]
    found = score(slicing(np.arange(120) // 60, ("zone = b", "zone = a")), measured, None, before).scores
    assert [(each.metrics[0].value, each.metrics[0].reference) for each in found] == [(1.0, 0.0), (0.0, 1.0)]
    same = score(slicing(np.arange(120) % 2, ("zone = a", "zone = b")), measured, None, ()).scores
    assert [each.metrics[0].value for each in same] == [None, None]
    assert "all 60 labels are other than 'yes'" in str(same[0].metrics[0].reason)
