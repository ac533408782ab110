"""Texts that rules share."""

from __future__ import annotations

from math import floor, log10

WEAK = (
    "add features that say more about the target, learn from more rows (training.window), or try another "
    "training.estimator; the next window is tried by itself"
)


def figure(value: float) -> str:
    """A number with four significant digits and no exponent where one can read it without.

    >>> figure(8.1234), figure(123456.7), figure(0.00012345), figure(0.0)
    ('8.123', '123,457', '0.0001234', '0')
    """
    if value == 0 or not 1e-6 <= abs(value) < 1e15:
        return f"{value:.4g}"
    return f"{value:,.{max(0, 3 - floor(log10(abs(value))))}f}"
