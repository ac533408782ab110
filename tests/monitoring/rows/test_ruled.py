"""Rules are counted piece by piece, on the rows of the window alone, for columns of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.ruled import RuleCounts, count, digests, each
from tests.judged import monitored
from tests.streams import day, stream

CURRENT = Window(start=day(7), end=day(14))


def rows() -> pd.DataFrame:
    frame = stream(21, a_day=20)
    number = np.arange(len(frame))
    return frame.assign(
        order=[f"A{at}" for at in number],
        code=(number % 3).astype(str),
        flag=number % 2 == 0,
        big=number + 2**53,
        born=pd.to_datetime("2000-01-01") + pd.to_timedelta(number, unit="D"),
    )


def counts(frame: pd.DataFrame, size: int = 10**6, **changes: Any) -> dict[tuple[str, str], Any]:
    """What breaks each condition, with the rows counted in pieces of a size."""
    config, counted = monitored(**changes), RuleCounts()
    for start in range(0, len(frame), size):
        counted.add(count(frame.iloc[start : start + size], config, CURRENT), config)
    return {(name, condition): broken for name, _, condition, broken in each(counted, config)}


RULES: dict[str, dict[str, Any]] = {
    "amount": {"min": 5, "max": 14},
    "city": {"levels": ["berlin", "paris"], "max_null_share": 0},
    "order": {"unique": True},
    "code": {"levels": [0, 1]},
    "flag": {"levels": [True]},
    "big": {"max": 2**53 + 150},
    "born": {"min": "2000-06-01"},
    "y": {"min": 10, "unique": True},
    "ts": {"max": "2026-01-13"},
}


@pytest.mark.parametrize("size", [7, 100])
def test_parts_add_up(size: int) -> None:
    """Counts, worst values and first examples are those of all rows, wherever they are parted."""
    frame = rows()
    frame.loc[150:160, "city"] = None
    frame.loc[[170, 200], "order"] = "A150"
    changes: dict[str, Any] = {"columns__rules": RULES, "columns__id": ["order"]}
    whole = counts(frame, **changes)
    parts = counts(frame, size, **changes)
    assert {key: (one.rows, one.first, one.worst) for key, one in parts.items()} == {
        key: (one.rows, one.first, one.worst) for key, one in whole.items()
    }
    inside = frame[(frame["ts"] >= day(7)) & (frame["ts"] < day(14))]
    assert whole["amount", "max"].rows == (inside["amount"] > 14).sum() > 0
    assert whole["amount", "max"].worst[0] == inside["amount"].max()
    assert whole["amount", "max"].first.id == f"order {inside['order'][inside['amount'] > 14].iloc[0]}"
    assert whole["city", "null"].rows == inside["city"].isna().sum() > 0
    assert whole["city", "levels"].rows == (inside["city"] == "rome").sum()
    assert (whole["order", "unique"].rows, whole["order", "unique"].first.value) == (3, "A150")
    assert whole["code", "levels"].rows == (inside["code"] == "2").sum()
    assert whole["flag", "levels"].rows == (~inside["flag"]).sum()
    assert whole["big", "max"].rows == (inside["big"] > 2**53 + 150).sum() > 0
    assert whole["born", "min"].rows == (inside["born"] < "2000-06-01").sum() > 0
    assert whole["ts", "max"].rows == (inside["ts"] >= day(13)).sum() > 0


def test_a_rule_of_the_target_counts_the_labels_that_are_due() -> None:
    """With a delay of the labels these are the rows of the labeled window."""
    frame = rows().assign(y=-1.0)
    found = counts(frame, columns__rules={"y": {"min": 0}, "amount": {"max": -99}}, columns__label_delay="3d")
    due = frame[(frame["ts"] >= day(4)) & (frame["ts"] < day(11))]
    assert found["y", "min"].rows == len(due)
    assert found["y", "min"].first.moment == due["ts"].iloc[0]
    assert found["amount", "max"].first.moment == frame["ts"][frame["ts"] >= day(7)].iloc[0]


@pytest.mark.parametrize(
    ("values", "levels", "broken"),
    [
        (["1", "1.0", "01", "x", None], [1], 1),
        ([1.0, 2.0, None], [1], 1),
        ([1.0, 2.0, None], ["1"], 1),
        (["true", "False", "x"], [True], 2),
        ([True, False, None], [True], 1),
        ([1, 0, 0], [True], 2),
        ([1, 0, 2], [True, False], 1),
        (pd.to_datetime(["2026-01-01 00:00", "2026-01-02 10:00"]).tolist(), ["2026-01-01"], 1),
        (["a ", "a", "A"], ["a"], 2),
    ],
)
def test_a_level_is_the_same_value_however_it_came(values: list[Any], levels: list[Any], broken: int) -> None:
    """Numbers and booleans of text files, of databases and of the YAML are the same level; text is as it is spelled."""
    frame = rows().iloc[150 : 150 + len(values)].assign(thing=values)
    found = counts(frame, columns__rules={"thing": {"levels": levels}})
    assert found["thing", "levels"].rows == broken


def test_columns_that_only_rules_read_have_a_digest() -> None:
    """Another value in such a column is another row; without one nothing is added."""
    frame = rows()
    same = digests(frame, ("code", "big"))
    other = digests(frame.assign(code=frame["code"].where(frame.index > 0, "9")), ("code", "big"))
    assert (np.asarray(same) != np.asarray(other)).tolist() == [True] + [False] * (len(frame) - 1)
    assert isinstance(digests(frame, ()), int)
