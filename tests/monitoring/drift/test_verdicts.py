"""Laws of the judgement of all columns together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.calibration import Chance, Null
from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.drift.verdicts import Scored, judge, too_few_blocks
from driftloop.monitoring.profiles import first, like
from driftloop.monitoring.records import ColumnReference, ColumnScore, Kind


def column(name: str, **more: Any) -> ColumnReference:
    kind = "numeric" if name[0] == "n" else "categorical"
    method = more.pop("method", "wasserstein" if kind == "numeric" else "tvd")
    known = {"role": "feature", "null_share": 0, "distinct": 9, "effect_floor": METHODS[method].floor, "method": method}
    return ColumnReference.model_validate({**known, "name": name, "kind": kind, **more})


def judged(
    old: pd.DataFrame, new: pd.DataFrame, columns: list[ColumnReference] | None = None, **settings: Any
) -> dict[str, ColumnScore]:
    columns = columns or [column(str(name)) for name in old]
    reference = first(old, {column.name: column.kind for column in columns})
    return {one.name: one for one in judge(reference, like(reference, new), columns, Drift(**settings))}


def rows(count: int, seed: int, numbers: int = 3, words: int = 2) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    made: dict[str, Any] = {f"n{at}": generator.normal(size=count) for at in range(numbers)}
    made |= {f"k{at}": pd.Series(generator.choice([*"abcdef"], count), dtype=object) for at in range(words)}
    return pd.DataFrame(made)


@pytest.mark.parametrize("fresh", [30, 1_000])
def test_a_whole_check_raises_no_more_false_alarms_than_promised(fresh: int) -> None:
    """At a promise of one check in ten, of 40 checks without drift about four or fewer find any.

    Four with a standard deviation of 1.9, so 11 is 3.7 of them away.
    """
    alarms = sum(
        any(one.drifted for one in judged(rows(5_000, seed), rows(fresh, seed + 1_000), false_alarm_rate=0.1).values())
        for seed in range(40)
    )
    assert alarms <= 11


def test_a_small_shift_is_found_in_a_thousand_rows() -> None:
    """A fifth of a standard deviation in one of ten columns is found nearly always, and only there."""
    found = []
    for seed in range(20):
        moved = rows(1_000, seed + 1_000, 7, 3)
        told_all = judged(rows(10_000, seed, 7, 3), moved.assign(n0=moved["n0"] + 0.2))
        found.append(told_all["n0"].drifted)
    assert sum(found) >= 18


def test_a_verdict_and_its_threshold_agree() -> None:
    """A column has drifted exactly if its score is at or above the threshold that is shown with it."""
    for seed in range(10):
        new = rows(500, seed + 100)
        new = new.assign(n0=new["n0"] + seed / 20, n1=new["n1"].mask(np.arange(500) % 50 < seed))
        for one in judged(rows(3_000, seed), new).values():
            assert one.drifted == (one.score >= one.threshold)


def test_the_share_that_found_it_is_shown() -> None:
    """What the method does not see, a share does: new nulls and new levels are drift, reported by their own measure."""
    old, new = rows(10_000, 0), rows(1_000, 1)
    new["n0"] = new["n0"].mask(np.arange(1_000) % 125 == 3)
    new["k0"] = new["k0"].mask(np.arange(1_000) % 125 == 0, "new")
    found = judged(old, new)
    assert (found["n0"].method, found["n0"].drifted) == ("missing_share", True)
    assert (found["k0"].method, found["k0"].drifted) == ("unseen_share", True)
    assert found["n0"].score == pytest.approx(0.008)
    assert (found["n1"].method, found["k1"].method) == ("wasserstein", "tvd")


def test_more_columns_make_stricter_thresholds() -> None:
    """The promise is about the whole check: the same column has a higher threshold among fifty than alone."""
    old, new = rows(3_000, 0, 40, 10), rows(500, 1, 40, 10)
    assert judged(old, new)["n0"].threshold > judged(old, new, [column("n0")])["n0"].threshold


def test_what_has_drifted_leaves_the_promise_to_the_others() -> None:
    """Holm: with drift in the others a column's threshold is lower, and it never falls below that of a column alone."""
    old, new = rows(3_000, 0), rows(500, 1)
    calm = judged(old, new)["n0"].threshold
    moved = judged(old, new.assign(n1=new["n1"] + 3, n2=new["n2"] + 3, k0="a", k1="b"))["n0"].threshold
    assert judged(old, new, [column("n0")])["n0"].threshold <= moved < calm


@pytest.mark.parametrize("threshold", [1e-9, 0.05, 3.0])
def test_a_static_number_is_all_there_is(threshold: float) -> None:
    """A static threshold is compared with the method's score and nothing else, and takes no part in the family."""
    old, new = rows(3_000, 0), rows(500, 1)
    new["n0"] = new["n0"].mask(np.arange(500) % 20 == 0)
    columns = [column("n0", threshold=threshold), *(column(name) for name in ("n1", "n2"))]
    found = judged(old, new, columns)
    assert (found["n0"].method, found["n0"].threshold) == ("wasserstein", threshold)
    assert found["n0"].drifted == (found["n0"].score >= threshold)
    assert found["n1"] == judged(old, new, columns[1:])["n1"]


def test_a_floor_keeps_a_tiny_shift_quiet() -> None:
    """However many rows prove it, a shift below the floor is no drift; without a floor it is."""
    old, new = rows(300_000, 0, 1, 0), rows(300_000, 1, 1, 0) + 0.02
    assert not judged(old, new)["n0"].drifted
    assert judged(old, new, [column("n0", effect_floor=0.0)])["n0"].drifted


def test_few_rows_and_very_many_are_judged() -> None:
    """One row, thirty and a million all have finite scores and thresholds."""
    reference = first(rows(2_000, 0), {column.name: column.kind for column in map(column, map(str, rows(1, 0)))})
    for count in (1, 30, 1_000_000):
        current = like(reference, rows(count, 1))
        for one in judge(reference, current, [column(name) for name in reference], Drift()):
            assert np.isfinite([one.score, one.threshold]).all()


def test_a_target_whose_labels_are_late_has_not_drifted() -> None:
    """Missing rows of the target are no drift of it; those of a feature are."""
    old, new = rows(3_000, 0), rows(500, 1)
    new.loc[np.arange(500) % 2 == 0, ["n0", "k0"]] = None
    columns = [column(name, role=role) for name, role in (("n0", "target"), ("k0", "target"))]
    assert not any(one.drifted for one in judged(old, new, columns).values())
    assert all(judged(old, new)[name].drifted for name in ("n0", "k0"))


def test_columns_of_evidently_are_left_to_it() -> None:
    """Only methods of ours are scored from profiles."""
    columns = [column("n0"), column("n1", method="evidently:ks", threshold=0.05)]
    assert list(judged(rows(100, 0), rows(100, 1), columns)) == ["n0"]


def ask(exact: Null, asked: list[bool]) -> Callable[[], Null]:
    def draw() -> Null:
        asked.append(True)
        return exact

    return draw


@pytest.mark.parametrize("rows", [30, 1000])
@pytest.mark.parametrize("method", ["wasserstein", "ks", "tvd", "psi"])
def test_a_rough_threshold_never_decides(method: str, rows: int) -> None:
    """Few draws are enough for a score far from its threshold; whatever the score, all draws give the same verdict."""
    generator = np.random.default_rng(0)
    levels = np.array(list("abcdefghijkl"), dtype=object)[generator.geometric(0.2, 3000) % 12]
    kind: Kind = "categorical" if method == "tvd" else "numeric"
    frame = pd.DataFrame({"x": levels if kind == "categorical" else generator.lognormal(size=3000)})
    reference = first(frame, {"x": kind})["x"]
    drawn: set[bool] = set()
    for seed in range(12):
        chance = Chance((seed,))
        exact, rough = (chance.null(method, reference, rows, rough=few) for few in (False, True))
        for level in (0.01, 0.0005):
            limit = exact.threshold(level)
            for times in (0.5, 0.75, 0.85, 0.98, 1.02, 1.15, 1.3, 3.0):
                asked: list[bool] = []
                score, used = Scored("x", times * limit, rough, ask(exact, asked), 0.0).at(level)
                assert (score >= used) == (times > 1), (seed, level, times)
                drawn.add(bool(asked))
    assert drawn == {True, False}


def test_the_luck_of_the_draws_is_another_one_in_every_check() -> None:
    """The same rows give the same threshold, one row more draws again: no seed is unlucky for ever."""
    old, new = (pd.DataFrame({"n": np.random.default_rng(seed).normal(size=3001)}) for seed in (0, 1))
    limits = [judged(old, new[:rows])["n"].threshold for rows in (3000, 3000, 3001)]
    assert limits[0] == limits[1] != limits[2]
    assert limits[2] == pytest.approx(limits[0], rel=0.1)


@pytest.mark.parametrize(("blocks", "rows", "few"), [(3, 90, True), (4, 90, False), (5, 90, False), (6, 3, True)])
def test_too_few_blocks_are_reported(blocks: int, rows: int, few: bool) -> None:
    """Where `calibration: blocks` cannot be followed a finding reports it; thinly filled blocks do not count."""
    number = np.concatenate([np.repeat(np.arange(3), 90), np.repeat(np.arange(3, max(blocks, 3)), rows)])
    reference = first(pd.DataFrame({"x": np.arange(float(len(number)))}), {"x": "numeric"}, number)
    found = too_few_blocks(reference, Drift(calibration="blocks"))
    assert [one.code for one in found] == ["too_few_blocks"] * few
    assert all("4 times windows.current" in one.message for one in found)
    assert too_few_blocks(reference, Drift()) == ()


@pytest.mark.parametrize("settings", [{}, {"calibration": "blocks"}])
def test_a_constant_column_that_begins_to_vary_is_drift(settings: dict[str, Any]) -> None:
    """Under the default method, whose unit is the value itself where there is no range."""
    old, new = rows(5_000, 0), rows(500, 1)
    found = judged(old.assign(n0=5.0), new.assign(n0=5.0 + new["n0"] / 100), **settings)
    assert (found["n0"].method, found["n0"].drifted, found["n0"].score) == ("off_value_share", True, 1.0)
    assert not judged(old.assign(n0=5.0), new.assign(n0=5.0), **settings)["n0"].drifted
