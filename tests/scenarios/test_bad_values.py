"""Values that no model should meet: each in the fresh rows of a good champion, and in the rows of a first training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Check, Outcome
from tests.laws import EVIL, WORSE, lawful_check
from tests.streams import day, stream

Frame = pd.DataFrame
Make = Callable[..., Any]
STEADY, BAD, FEW, NONE = Outcome.STEADY, Outcome.BAD_DATA, Outcome.TOO_FEW_ROWS, Outcome.NO_DATA
BOOTSTRAPPED, REJECTED = Outcome.BOOTSTRAPPED, Outcome.REJECTED


class Column(NamedTuple):
    """What is done to one column of good rows, and what a check states of it: a code, and whether it drifted."""

    name: str
    column: str
    damage: Callable[[Frame], Frame]
    code: str | None
    drifted: bool | None


class Case(NamedTuple):
    """What is done to the rows, how a check of them ends, and how a first training on such rows does.

    `finding` is the code and the column that the check must report.
    """

    name: str
    damage: Callable[[Frame], Frame]
    fresh: Outcome
    training: Outcome | None
    finding: tuple[str, str | None] | None = None


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


def repeated(frame: Frame) -> Frame:
    """The first row throughout, at the times of all."""
    first = frame.drop(columns="ts").iloc[0]
    return frame.assign(**{str(name): value for name, value in first.items()})


NULLS = several(*(put(name, None) for name in ("amount", "speed", "city", "kind", "y")))
CONSTANT = several(put("amount", 1.0), put("speed", 0.0), put("city", "rome"), put("kind", "a"))
STRANGE = "\U0001f600\u202e\u05d0\n\r\t\x1b[2J"
ENDS = (1.7e308, -1.7e308)
# What is scored as drifted or not; None: named, and its score depends on the rows.
COLUMNS = [
    Column("a tenth null", "amount", put("amount", np.nan, 10), "nulls", True),
    Column("one infinite", "amount", put("amount", np.inf, 800), "infinite", False),
    Column("a tenth infinite", "amount", put("amount", -np.inf, 10), "infinite", True),
    Column("constant", "amount", put("amount", 10.0), "constant", True),
    Column("the largest float", "amount", put("amount", 1.7e308), "out_of_range", True),
    Column("some largest floats", "amount", put("amount", 1.7e308, 50), None, True),
    Column("both ends", "amount", put("amount", lambda f: np.resize(ENDS, len(f))), "out_of_range", True),
    Column("one outlier", "amount", put("amount", 1e12, 1000), None, False),
    Column("the smallest float", "speed", put("speed", 5e-324), "constant", True),
    Column("negative zeros", "speed", put("speed", lambda f: f["speed"].clip(lower=0) * -1), None, True),
    Column("a tenth of a category null", "city", put("city", None, 10), "nulls", True),
    Column("nan as text", "city", put("city", "nan", 10), "unseen_categories", None),
    Column("constant category", "city", put("city", "rome"), "constant", True),
    Column("one new level", "city", put("city", "oslo", 200), None, False),
    Column("a new level often", "city", put("city", "oslo", 3), "unseen_categories", True),
    Column("only new levels", "city", put("city", names("town", 5)), "unseen_categories", True),
    Column("300 levels", "city", put("city", names("town", 300)), "unseen_categories", True),
    Column("300 levels and the old", "city", put("city", names("town", 300), 2), "unseen_categories", True),
    Column("unique ids", "city", put("city", names("id")), "unseen_categories", True),
    Column("script", "city", put("city", EVIL, 3), "unseen_categories", True),
    Column("closing script", "city", put("city", lambda f: f["city"] + WORSE, 3), "unseen_categories", True),
    Column("long text", "city", put("city", lambda f: f["city"] + "x" * 100_000, 80), None, True),
    Column("emoji", "city", put("city", lambda f: f["city"] + STRANGE, 2), "unseen_categories", True),
    Column("NUL inside text", "city", put("city", "a\0b", 3), "unseen_categories", True),
    Column("empty text", "city", put("city", "", 3), "unseen_categories", True),
    Column("blanks", "city", put("city", "  ", 3), "unseen_categories", True),
    Column(
        "our words",
        "city",
        put("city", lambda f: np.resize(["(other)", "(unseen)", "(missing)"], len(f)), 2),
        "unseen_categories",
        True,
    ),
]
CASES = [
    Case("empty", lambda f: f.head(0), NONE, NONE),
    Case("one row", lambda f: f.head(1), FEW, FEW),
    Case("one row less than the limit", lambda f: f.tail(49), FEW, None),
    Case("number all null", put("amount", np.nan), BAD, BAD, ("nulls", "amount")),
    Case("category all null", put("city", None), BAD, BAD, ("nulls", "city")),
    Case("everything null", NULLS, BAD, BAD, ("target_missing", "y")),
    Case("half of a number null", put("amount", np.nan, 2), BAD, BOOTSTRAPPED, ("nulls", "amount")),
    Case("all infinite", put("amount", np.inf), BAD, BAD, ("infinite", "amount")),
    Case("all constant", CONSTANT, STEADY, REJECTED, ("constant", "kind")),
    Case("unique ids everywhere", several(put("city", names("id")), put("kind", names("k"))), STEADY, BOOTSTRAPPED),
    Case("every row twice", lambda f: pd.concat([f, f]), STEADY, BOOTSTRAPPED, ("duplicate_rows", None)),
    Case("the same row throughout", repeated, STEADY, REJECTED),
    Case("out of order", lambda f: f.sample(frac=1, random_state=0), STEADY, BOOTSTRAPPED, ("time_not_in_order", None)),
    Case("all at one moment", lambda f: f.assign(ts=f["ts"].max().floor("D")), STEADY, FEW),
]
BY_NAME = {case.name: pytest.param(case, id=case.name) for case in CASES}
FRESH = list(BY_NAME.values())
# One of each way to end.
HEALED = [BY_NAME[name] for name in ("one row", "number all null", "all constant")]
UNDONE = [BY_NAME[name] for name in ("empty", "number all null", "all constant")]
TRAINING = [p for name, p in BY_NAME.items() if p not in UNDONE and name != "one row less than the limit"]
EACH = [pytest.param(column, id=column.name) for column in COLUMNS]


def rows(case: str, start: int, end: int) -> Frame:
    """Good rows of the days, others for each case: the same rows are not judged twice."""
    frame = stream(seed=crc32(case.encode()))
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


def wide(frame: Frame, *, damaged: bool) -> Frame:
    """The rows with a column for every case, good or damaged."""
    return frame.assign(**{c.name: (c.damage(frame) if damaged else frame)[c.column] for c in COLUMNS})


@pytest.fixture(scope="session")
def checks(champions: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Check, Check]:
    """Damaged fresh columns, against a champion of good ones and against a champion of columns damaged alike."""
    made = []
    changes: dict[str, Any] = {
        "columns__numeric": ["speed", *(c.name for c in COLUMNS if c.column != "city")],
        "columns__categorical": ["kind", *(c.name for c in COLUMNS if c.column == "city")],
        "drift__report_columns": len(COLUMNS),
    }
    for damaged in (False, True):
        trained = champions(wide(rows("wide", 0, 21), damaged=damaged), f"wide {damaged}", **changes)
        twin = type(trained)(tmp_path_factory.mktemp("twin"))
        twin.name, twin.changes = trained.name, trained.changes
        check = lawful_check(twin.given(wide(rows("wide", 21, 28), damaged=True)), day(28))
        assert isinstance(check, Check)
        assert check.outcome is STEADY, check.reason
        made.append(check)
    return made[0], made[1]


@pytest.mark.parametrize("case", EACH)
def test_fresh_column(case: Column, checks: tuple[Check, Check]) -> None:
    """A strange column is named and scored, one that is all new as drifted, and the rest is judged."""
    check, _ = checks
    scores = {score.name: score.drifted for score in check.columns}
    assert case.code in {None, *(finding.code for finding in check.findings if finding.column == case.name)}
    if case.drifted is not None:
        assert scores[case.name] == case.drifted
    assert not scores["kind"]


@pytest.mark.parametrize("case", EACH)
def test_column_that_was_always_so(case: Column, checks: tuple[Check, Check]) -> None:
    """A champion is trained on strange columns too, and what was so in its reference has not drifted."""
    _, check = checks
    scores = {score.name: score.drifted for score in check.columns}
    # Of unique ids the fresh ones are new by nature: named, and not compared.
    if case.name == "unique ids":
        assert case.name in {finding.column for finding in check.findings}
    else:
        assert not scores[case.name]


@pytest.mark.parametrize("case", FRESH)
def test_fresh_rows(case: Case, sibling: Make) -> None:
    """A check ends as it must, and reports what is wrong."""
    check = lawful_check(sibling(case.damage(rows(case.name, 21, 28))), day(28))
    assert isinstance(check, Check)
    assert check.outcome is case.fresh, check.reason
    if case.finding is not None:
        assert case.finding in {(finding.code, finding.column) for finding in check.findings}


@pytest.mark.parametrize("case", HEALED)
def test_repaired_rows(case: Case, sibling: Make) -> None:
    """Once the rows are repaired the same window is judged as if nothing had been wrong."""
    good = rows(f"{case.name}, repaired", 21, 28)
    made = sibling(case.damage(good))
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
