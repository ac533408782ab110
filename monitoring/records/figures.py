"""Numbers as text, in one style for votes, findings, errors and pages."""

from __future__ import annotations


def figure(value: float) -> str:
    """Return a number with three significant digits; from 1,000 on it is whole, with commas.

    >>> figure(8.1234), figure(2.0), figure(999.7), figure(123456.7), figure(0.00012345), figure(-0.5)
    ('8.12', '2', '1,000', '123,457', '0.000123', '-0.5')
    """
    return f"{value:,.0f}" if 1000 <= abs(float(f"{value:.3g}")) < 1e15 else f"{value:.3g}"
