"""Numbers as text, in one style for votes, findings, errors and pages."""

from __future__ import annotations

import math

# A number that there is not.
DASH = "\u2013"


def figure(value: float) -> str:
    """Return a number with three significant digits; from 1,000 on it is whole, with commas.

    >>> figure(8.1234), figure(2.0), figure(999.7), figure(123456.7), figure(0.00012345), figure(-0.5)
    ('8.12', '2', '1,000', '123,457', '0.000123', '-0.5')
    """
    return f"{value:,.0f}" if 1000 <= abs(float(f"{value:.3g}")) < 1e15 else f"{value:.3g}"


def multiple(value: float) -> str:
    """Return how many times its limit a value is, in two significant digits; more than 999 are all the same.

    NaN, a value that could not be computed, is a dash.

    >>> multiple(0.254), multiple(3.14), multiple(25.3), multiple(250), multiple(float("inf"))
    ('0.25x', '3.1x', '25x', '250x', '> 999x')
    >>> multiple(float("nan")) == DASH
    True
    """
    if math.isnan(value):
        return DASH
    if value > 999:
        return "> 999x"
    return f"{value:.2g}x" if value < 9.95 else f"{value:.0f}x"
