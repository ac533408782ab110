"""Values that no model should meet: each in the fresh rows of a good champion, and in the rows of a first training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from monitoring.records import Check, Outcome
from tests.laws import EVIL, WORSE, lawful_check
from tests.streams import day, stream

Frame = pd.DataFrame
Make = Callable[..., Any]
STEADY, BAD, FEW, NONE = Outcome.STEADY, Outcome.BAD_DATA, Outcome.TOO_FEW_ROWS, Outcome.NO_DATA
BOOTSTRAPPED, REJECTED = Outcome.BOOTSTRAPPED, Outcome.REJECTED


class Case(NamedTuple):
    """What is done to the rows, how a check of them ends, and how a first training on such rows does.

    `finding` is the code and the column that the check must tell; `drifted` the features that it must find moved.
    """

    name: str
    damage: Callable[[Frame], Frame]
    fresh: Outcome
    training: Outcome | None
    finding: tuple[str, str | None] | None = None
    drifted: set[str] | None = None


def put(column: str, value: Any, every: int = 1) -> Callable[[Frame], Frame]:
    """Write one value, or what a function makes of the frame, into every n-th row of a column."""

    def damage(frame: Frame) -> Frame:
        made = value(frame) if callable(value) else value
        new = pd.Series(made, index=frame.index) if not isinstance(made, pd.Series) else made
        return frame.assign(**{column: new.where(np.arange(len(frame)) % every == 0, frame[column])})

    return damage


def several(*damages: Callable[[Frame], Frame]) -> Callable[[Frame], Frame]:
    def damage(frame: Frame) -> Frame:
        for one in damages:
            frame = one(frame)
        return frame

    return damage


def names(prefix: str, many: int | None = None) -> Callable[[Frame], list[str]]:
    return lambda frame: [f"{prefix}{at % many if many else at}" for at in range(len(frame))]


NULLS = several(*(put(name, None) for name in ("amount", "speed", "city", "kind", "y")))
CONSTANT = several(put("amount", 1.0), put("speed", 0.0), put("city", "rome"), put("kind", "a"))
LONG = "x" * 100_000
STRANGE = "\U0001f600\u202e\u05d0\n\r\t\x1b[2J"
UNSEEN = ("unseen_categories", "city")
CASES = [
    Case("empty", lambda f: f.head(0), NONE, NONE),
    Case("one row", lambda f: f.head(1), FEW, FEW),
    Case("one row less than the limit", lambda f: f.tail(49), FEW, None),
    Case("number all null", put("amount", np.nan), BAD, BAD, ("nulls", "amount")),
    Case("category all null", put("city", None), BAD, BAD, ("nulls", "city")),
    Case("everything null", NULLS, BAD, BAD, ("target_missing", "y")),
    Case("half of a number null", put("amount", np.nan, 2), BAD, BOOTSTRAPPED, ("nulls", "amount")),
    Case("a tenth of a number null", put("amount", np.nan, 10), STEADY, None, ("nulls", "amount"), set()),
    Case("a tenth of a category null", put("city", None, 10), STEADY, None, ("nulls", "city")),
    Case("nan as text", put("city", "nan", 10), STEADY, None, UNSEEN),
    Case("one infinite", put("amount", np.inf, 800), STEADY, None, ("infinite", "amount"), set()),
    Case("a tenth infinite", put("amount", -np.inf, 10), STEADY, None, ("infinite", "amount"), set()),
    Case("all infinite", put("amount", np.inf), BAD, BAD, ("infinite", "amount")),
    Case("constant number", put("amount", 10.0), STEADY, BOOTSTRAPPED, ("constant", "amount"), {"amount"}),
    Case("constant category", put("city", "rome"), STEADY, None, ("constant", "city"), {"city"}),
    Case("all constant", CONSTANT, STEADY, REJECTED, ("constant", "kind"), {"amount", "city", "kind", "speed"}),
    Case("the largest float", put("amount", 1.7e308), STEADY, BOOTSTRAPPED, ("out_of_range", "amount"), {"amount"}),
    Case("some largest floats", put("amount", 1.7e308, 50), STEADY, None, None, {"amount"}),
    Case(
        "both ends of the floats",
        lambda f: f.assign(amount=np.where(np.arange(len(f)) % 2, 1.7e308, -1.7e308)),
        STEADY,
        BOOTSTRAPPED,
        ("out_of_range", "amount"),
        {"amount"},
    ),
    Case("the smallest float", put("speed", 5e-324), STEADY, None, ("constant", "speed"), {"speed"}),
    Case("negative zero", put("speed", lambda f: f["speed"].clip(lower=0) * -1), STEADY, None, None, {"speed"}),
    Case("one outlier", put("amount", 1e12, 1000), STEADY, None, None, set()),
    Case("one new level", put("city", "oslo", 200), STEADY, None, None, set()),
    Case("a new level often", put("city", "oslo", 3), STEADY, None, UNSEEN, {"city"}),
    Case("only new levels", put("city", names("town", 5)), STEADY, None, UNSEEN),
    Case("300 levels", put("city", names("town", 300)), STEADY, BOOTSTRAPPED, UNSEEN),
    Case("unique ids", put("city", names("id")), STEADY, BOOTSTRAPPED, UNSEEN),
    Case("script in values", put("city", EVIL, 3), STEADY, None, UNSEEN, {"city"}),
    Case("closing script", put("city", lambda f: f["city"] + WORSE), STEADY, BOOTSTRAPPED, UNSEEN),
    Case("long text", put("city", lambda f: f["city"] + LONG, 40), STEADY, BOOTSTRAPPED, None, set()),
    Case("emoji and control signs", put("city", lambda f: f["city"] + STRANGE), STEADY, BOOTSTRAPPED, UNSEEN),
    Case("NUL inside text", put("city", "a\0b", 3), STEADY, BOOTSTRAPPED, UNSEEN, {"city"}),
    Case("empty text and blanks", put("city", lambda f: np.resize(["", "  "], len(f))), STEADY, BOOTSTRAPPED, UNSEEN),
    Case(
        "our own words as levels",
        put("city", lambda f: np.resize(["(other)", "(unseen)", "(missing)"], len(f))),
        STEADY,
        None,
        UNSEEN,
    ),
    Case("every row twice", lambda f: pd.concat([f, f]), STEADY, None, ("duplicate_rows", None), set()),
    Case("the same row throughout", lambda f: f.assign(**f.drop(columns="ts").iloc[0].to_dict()), STEADY, REJECTED),
    Case("out of order", lambda f: f.sample(frac=1, random_state=0), STEADY, None, ("time_not_in_order", None), set()),
    Case("all at one moment", lambda f: f.assign(ts=f["ts"].max().floor("D")), STEADY, FEW, None, set()),
]
FRESH = [pytest.param(case, id=case.name) for case in CASES]
BY_NAME = {case.name: pytest.param(case, id=case.name) for case in CASES}
# One of each way to end.
HEALED = [BY_NAME[name] for name in ("one row", "number all null", "script in values")]
UNDONE = [BY_NAME[name] for name in ("empty", "number all null", "all constant")]
AGAIN = [BY_NAME[name] for name in ("300 levels", "NUL inside text", "the largest float")]
TRAINING = [
    pytest.param(case, id=case.name)
    for case in CASES
    if case.training is not None and BY_NAME[case.name] not in (*UNDONE, *AGAIN)
]


def rows(case: str, start: int, end: int) -> Frame:
    """Good rows of the days, others for each case: the same rows are not judged twice."""
    frame = stream(seed=crc32(case.encode()))
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


@pytest.mark.parametrize("case", FRESH)
def test_fresh_rows(case: Case, beside: Make) -> None:
    """A check ends as it must, and tells what is wrong and what has moved."""
    check = lawful_check(beside(case.damage(rows(case.name, 21, 28))), day(28))
    assert isinstance(check, Check)
    assert check.outcome is case.fresh, check.reason
    if case.finding is not None:
        assert case.finding in {(finding.code, finding.column) for finding in check.findings}
    if case.drifted is not None:
        assert {s.name for s in check.columns if s.drifted and s.role == "feature"} == case.drifted


@pytest.mark.parametrize("case", HEALED)
def test_repaired_rows(case: Case, beside: Make) -> None:
    """Once the rows are repaired the same window is judged as if nothing had been wrong."""
    good = rows(f"{case.name}, repaired", 21, 28)
    made = beside(case.damage(good))
    assert lawful_check(made, day(28)).outcome is case.fresh
    check = lawful_check(made.given(good), day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share, check.findings) == (STEADY, 0, ())


@pytest.mark.parametrize("case", TRAINING)
def test_training_rows(case: Case, alone: Make) -> None:
    """A first training on such rows ends as it must: with a proven champion, or with a reason and none."""
    check = lawful_check(alone(case.damage(rows(case.name, 0, 21))), day(21))
    assert isinstance(check, Check)
    assert check.outcome is case.training, check.reason


@pytest.mark.parametrize("case", UNDONE)
def test_repaired_training_rows(case: Case, alone: Make) -> None:
    """A first training that ended without a champion is tried again when the rows are repaired, in the same window."""
    good = rows(case.name, 0, 21)
    made = alone(case.damage(good))
    assert lawful_check(made, day(21)).outcome is case.training
    check = lawful_check(made.given(good), day(21))
    assert check.outcome is BOOTSTRAPPED, check.reason


@pytest.mark.parametrize("case", AGAIN)
def test_strange_rows_are_no_drift_for_a_champion_of_them(case: Case, alone: Make) -> None:
    """What was so in the reference and is so now has not drifted."""
    made = alone(case.damage(rows(case.name, 0, 28)))
    lawful_check(made, day(21))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share) == (STEADY, 0)
