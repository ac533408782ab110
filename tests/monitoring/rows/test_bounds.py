"""Values of every type are compared with the bounds of a rule without rounding."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.bounds import compared
from driftloop.monitoring.settings.rules import Rule

BIG = 2**53
JANUARY = {"max": "2026-01-31"}


def series(values: list[Any], dtype: Any = None) -> pd.Series[Any]:
    return pd.Series(values, dtype=dtype)


def zoned(*times: str) -> pd.Series[Any]:
    return pd.Series(pd.to_datetime(list(times))).dt.tz_localize("UTC")


# The name, the values, the rule, and a letter for each value: b below, a above, l lost, n null, . allowed.
CASES: list[tuple[str, pd.Series[Any], dict[str, Any], str]] = [
    ("integers", series([1, 2, 3]), {"min": 2, "max": 2}, "b.a"),
    ("a bound between integers", series([1, 2, 3]), {"min": 1.5, "max": 2.5}, "b.a"),
    ("floats", series([1.0, None, 3.5]), {"min": 1.5, "max": 3}, "bna"),
    ("single precision", series([1.5, np.inf], "float32"), {"max": 3}, ".a"),
    ("infinity below", series([-np.inf, 0.0]), {"min": -1}, "b."),
    ("beyond 2**53", series([BIG, BIG + 1]), {"max": BIG}, ".a"),
    ("beyond 2**53 with null", series([BIG, BIG + 1, None], "Int64"), {"max": BIG}, ".an"),
    ("beyond int64", series([2**64 - 1, 5], "uint64"), {"min": -1, "max": 2**63}, "a."),
    ("a bound beyond the type", series([1, 2], "int8"), {"min": 300}, "bb"),
    ("a float near a large bound", series([2.0**53]), {"max": BIG - 1}, "a"),
    ("text of numbers", series([str(BIG + 1), "3", "abc", None, "nan"]), {"max": BIG}, "a.lnn"),
    ("decimals", series([Decimal("0.1"), Decimal("12345678901234567890.5")]), {"max": 12345678901234567890}, ".a"),
    ("large objects", series([10**30, 1], object), {"max": 10**29}, "a."),
    ("booleans", series([True, False]), {"min": 1}, ".b"),
    ("booleans with null", series([True, False, None]), {"min": 1}, ".bn"),
    ("time spans", series(pd.to_timedelta([1, 100], unit="s").tolist()), {"max": 50}, ".a"),
    ("time spans as objects", series([timedelta(seconds=100)], object), {"max": 50}, "a"),
    ("dates", series([date(2026, 1, 31), None, date(9999, 12, 31)]), JANUARY, ".na"),
    ("times of the last day", series(pd.to_datetime(["2026-01-31 23:59", "2026-02-01 00:00"]).tolist()), JANUARY, ".a"),
    # The last day ends at 23:00 UTC in Berlin.
    ("times in another zone", zoned("2026-01-31 22:59", "2026-01-31 23:00"), JANUARY, ".a"),
    ("a bound with an offset", zoned("2026-01-31 16:59", "2026-01-31 17:01"), {"max": "2026-01-31T18:00+01:00"}, ".a"),
    ("text of dates", series(["2026-01-31", "2026-02-01", "31.01.2026", ""]), JANUARY, ".aln"),
    ("numbers and a date", series([1, 2]), JANUARY, "ll"),
    ("dates and a number", series(pd.to_datetime(["2026-01-31"]).tolist()), {"max": 3}, "l"),
    ("lists", series([[1], None]), {"max": 3}, "ln"),
    ("nothing", series([None, None], object), {"max": 3}, "nn"),
]


@pytest.mark.parametrize(("values", "rule", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_type_is_compared_exactly(values: pd.Series[Any], rule: dict[str, Any], expected: str) -> None:
    """Each value is below, above, null, not comparable, or allowed, and never two of these."""
    found = compared(values, Rule(**rule), "Europe/Berlin")
    sides = {"b": found.below, "a": found.above, "l": found.lost, "n": found.null}
    letters = ["".join(letter for letter, mask in sides.items() if mask[at]) or "." for at in range(len(values))]
    assert letters == list(expected)


@pytest.mark.parametrize(
    "values",
    [series([3, 1, 2]), series([3.0, 1.0, 2.0]), series(["3", "1", "2"]), series([Decimal(3), Decimal(1), Decimal(2)])],
)
def test_values_have_an_order(values: pd.Series[Any]) -> None:
    """The smallest and the largest value are found by their place in the order, and compare across parts."""
    found = compared(values, Rule(min=0), "UTC")
    assert (int(found.order.argmin()), int(found.order.argmax())) == (1, 0)
    assert found.key(1) < found.key(2) < 2.5 < found.key(0)
    assert found.text(0) == "3"
