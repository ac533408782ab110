"""Numbers as text."""

from __future__ import annotations

import math

import pytest

from driftloop.monitoring.records import figure


@pytest.mark.parametrize("exponent", range(-4, 14))
@pytest.mark.parametrize("digits", [1.0, 1.005, 1.2345, 9.994, 9.996, 9.9999])
def test_three_digits_are_enough_to_read_a_number_back(digits: float, exponent: int) -> None:
    """The text has at least three significant digits, no exponent, and reads back within half a unit of the third."""
    for value in (digits * 10.0**exponent, -digits * 10.0**exponent):
        text = figure(value)
        assert "e" not in text
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_values_that_are_not_finite_are_named() -> None:
    """Infinity and NaN stay visible."""
    assert [figure(value) for value in (math.inf, -math.inf, math.nan)] == ["inf", "-inf", "nan"]
