"""Columns that are lost, new, doubled or strangely named, in the fresh rows and in those of a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.records import Check, Outcome
from tests.laws import EVIL, WORSE, lawful_check
from tests.streams import day, stream

Make = Callable[..., Any]
# Any text may be the name of a column.
NAMES = {
    "script": EVIL,
    "closing script": WORSE,
    "quotes": "a'b\"c`d",
    "semicolon": "a; DROP TABLE rows; --",
    "spaces": "  amount in eur  ",
    "dots and brackets": "a.b[0].{c}",
    "slashes": "a/b\\c",
    "percent and dollar": "100% ${HOME} {0}",
    "emoji and right to left": "\U0001f600\u202eamount\u05d0",
    "newline": "a\nb\tc",
    "a whole number": "0",
    "a word of SQL": "select",
    "a word of ours": "driftloop_psi",
    "nan": "nan",
    "long": "x" * 300,
}


def rows(case: str, start: int = 0, end: int = 28) -> pd.DataFrame:
    frame = stream(28, seed=crc32(case.encode()))
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


@pytest.mark.parametrize("column", ["amount", "city", "y", "ts"])
def test_a_lost_column(column: str, sibling: Make) -> None:
    """A column of the config that the fresh rows lack is bad data, by its name; when it is back all is well."""
    frame = rows(f"lost {column}", 21)
    made = sibling(frame.drop(columns=column))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA
    assert [(f.code, f.column) for f in check.findings] == [("lost_column", column)]
    assert lawful_check(made.given(frame), day(28)).outcome is Outcome.STEADY


@pytest.mark.parametrize("column", ["amount", "ts"])
def test_a_column_lost_in_training(column: str, alone: Make) -> None:
    """Nothing is trained without a column of the config; when it is back the first champion is."""
    frame = rows(f"lost {column}")
    made = alone(frame.drop(columns=column))
    check = lawful_check(made, day(21))
    assert check.outcome is Outcome.BAD_DATA
    assert f"no column '{column}'" in check.reason
    assert lawful_check(made.given(frame), day(21)).outcome is Outcome.BOOTSTRAPPED


def test_all_features_lost(sibling: Make) -> None:
    """Several lost columns are named together."""
    check = lawful_check(sibling(rows("all lost", 21)[["ts", "y"]]), day(28))
    assert check.outcome is Outcome.BAD_DATA
    assert all(f"'{name}'" in check.reason for name in ("amount", "speed", "city", "kind"))


def test_a_renamed_column_is_meant(sibling: Make) -> None:
    """A name that differs in a letter is hinted at."""
    check = lawful_check(sibling(rows("renamed", 21).rename(columns={"amount": "Amount_"})), day(28))
    assert check.outcome is Outcome.BAD_DATA
    assert "Did you mean 'Amount_'?" in check.reason


def test_extra_columns(sibling: Make) -> None:
    """New columns of the source, whatever their names and types, are reported and do no harm."""
    more: dict[str, Any] = {EVIL: EVIL, "when": pd.Timestamp("2026-01-01"), "0": [[1]] * 840, "empty": None}
    frame = rows("extra", 21).assign(**more)
    check = lawful_check(sibling(frame.head(840)), day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share) == (Outcome.STEADY, 0)
    assert [f.code for f in check.findings] == ["extra_column"]


def test_columns_that_only_the_reference_had(champions: Make, sibling: Make) -> None:
    """A column of the source that no model uses may go; it is reported."""
    wide = rows("wide").assign(spare=1.0, other="x")
    check = lawful_check(sibling(rows("narrow", 21), frame=wide, key="wide"), day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.STEADY
    assert [f.code for f in check.findings] == ["source_column_gone"]


def test_a_column_twice(sibling: Make) -> None:
    """A CSV that names a column of the config twice is bad data; neither of the two is chosen."""
    frame = rows("twice", 21)
    made = sibling(source__path="rows.csv")
    frame.assign(again=frame["amount"]).rename(columns={"again": "amount"}).to_csv(
        made.folder / "rows.csv", index=False
    )
    check = lawful_check(made, day(28))
    assert check.outcome is Outcome.BAD_DATA
    assert "'amount'" in check.reason
    assert "more than once" in check.reason


@pytest.mark.parametrize("case", ["upper case", "reversed order"])
def test_columns_in_another_shape(case: str, sibling: Make) -> None:
    """The order of the columns means nothing, and their case something: it is not guessed."""
    frame = rows(case, 21)
    frame = frame.rename(columns=str.upper) if case == "upper case" else frame[frame.columns[::-1]]
    check = lawful_check(sibling(frame), day(28))
    assert check.outcome is (Outcome.BAD_DATA if case == "upper case" else Outcome.STEADY), check.reason


@pytest.fixture(scope="session")
def named(champions: Make, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """A model whose features and target have strange names; in the fresh rows every feature has moved."""
    frame = rows("names")
    old = frame["ts"] < day(21)
    moved = frame["amount"] + 5.0 * ~old, frame["city"].where(old | (frame["kind"] == "a"), EVIL)
    wide = frame.assign(**dict.fromkeys(NAMES.values(), moved[0]))
    wide = wide.assign(**dict.fromkeys([f"{name} of a city" for name in NAMES.values()], moved[1]))
    changes: dict[str, Any] = {
        "columns__numeric": ["speed", *NAMES.values()],
        "columns__categorical": [f"{name} of a city" for name in NAMES.values()],
        "columns__target": f"y {WORSE}",
        "drift__report_columns": 40,
    }
    made = champions(wide.rename(columns={"y": f"y {WORSE}"}), "names", **changes)
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.STEADY, check.reason
    return check


@pytest.mark.parametrize("case", NAMES)
def test_any_name(case: str, named: Check) -> None:
    """Features of any name are trained on and scored under that very name; the report stays harmless."""
    drifted = {score.name: score.drifted for score in named.columns}
    assert drifted[NAMES[case]]
    assert drifted[f"{NAMES[case]} of a city"]
    assert NAMES[case] in {finding.column for finding in named.findings if finding.code == "out_of_range"}


def test_names_that_differ_in_case(alone: Make) -> None:
    """DuckDB knows no case: two columns that differ in nothing else are distinguished or refused, never mixed up."""
    frame = rows("case")
    check = lawful_check(alone(frame.assign(SPEED=100.0), columns__numeric=["amount", "speed", "SPEED"]), day(21))
    assert check.outcome is Outcome.BAD_DATA
    assert "'SPEED'" in check.reason


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"columns__numeric": ["prediction"]}, "columns"),
        ({"columns__target": "prediction"}, "columns"),
        ({"columns__numeric": ["amount", "amount"]}, "columns"),
        ({"columns__numeric": ["amount", "y"]}, "columns"),
        ({"columns__numeric": [0]}, "columns.numeric"),
        ({"columns__numeric": [""]}, "columns.numeric"),
        ({"columns__numeric": [], "columns__categorical": []}, "columns"),
    ],
    ids=["feature prediction", "target prediction", "twice", "target as feature", "0", "empty", "no feature"],
)
def test_names_that_cannot_be(changes: dict[str, Any], key: str, alone: Make) -> None:
    """A config whose columns make no sense is refused before anything runs, with file and key."""
    made = alone(rows("config", 0, 1), **changes)
    error = lawful_check(made, day(21))
    assert isinstance(error, ConfigError)
    assert f"model.yaml: {key}" in str(error)
