"""Forms of times: which of them read a text, by whatever marks and digits it is written."""

from __future__ import annotations

import pytest

from driftloop.monitoring.sources.time_forms import form_of, forms_of


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("31.01.26", "%d.%m.%y"),
        ("1/31/2026, 1:00 PM", "%m/%d/%Y, %I:%M %p"),
        ("1/31/2026 1pm", "%m/%d/%Y %I%p"),
        ("31.01.2026 13.05", "%d.%m.%Y %H.%M"),
        ("31.01.2026 13:05 +01:00", "%d.%m.%Y %H:%M %z"),
        ("2026-W05", "%G-W%V"),
        ("2026-W05-3", "%G-W%V-%u"),
        ("2026-01", "%Y-%m"),
        ("20260131", "%Y%m%d"),
        ("20260131130500", "%Y%m%d%H%M%S"),
        ("Sat, 31 Jan 2026 13:05:00 +0000", "%a, %d %b %Y %H:%M:%S %z"),
        ("946684800", None),
        ("2026-Q1", None),
        ("12.5", None),
    ],
)
def test_a_text_is_read_by_its_form(text: str, form: str | None) -> None:
    """Digits without marks are read in their full number only; numbers and quarters are no times."""
    assert form_of(text) == form


def test_two_readings() -> None:
    """Only other values distinguish day and month."""
    assert list(forms_of("01/02/2026")) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert list(forms_of("13/02/2026")) == ["%d/%m/%Y"]
