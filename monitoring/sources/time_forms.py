"""Forms of times that people write instead of ISO 8601, as formats of `strptime`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

DAYS = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d. %B %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
)
CLOCKS = (
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%I:%M%p",
    "%I %p",
    "%I%p",
    "%H.%M",
    "%H.%M.%S",
)
# Between day and clock: 31.01.2026T13:00, 1/31/2026, 1:00 PM.
JOINTS = (" ", "T", ", ")
WHOLE = (
    *("%Y%m%dT%H%M%S", "%Y%m%d%H%M%S", "%Y%m%d_%H%M%S", "%Y-%m-%d_%H:%M:%S", "%Y-%m-%d-%H.%M.%S"),
    *("%a, %d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z"),
)
# Weeks of ISO 8601 begin on Monday, months on their first day.
PERIODS = ("%G-W%V-%u", "%G-W%V", "%Y-%m", "%m/%Y", "%b %Y", "%B %Y", "%Y/%m")
CLOCKED = tuple(f"{joint}{clock}{zone}" for joint in JOINTS for clock in CLOCKS for zone in ("", " %z"))
FORMS = (*(day + rest for day in DAYS for rest in ("", *CLOCKED)), *WHOLE, *PERIODS)
OFFSET = re.compile(r"[+-]\d\d:?\d\d$|Z$")


def _marks(text: str) -> str:
    """The marks of a text or a form, by which most forms are ruled out; an offset counts as one plus.

    >>> _marks("31.01.2026 13:00 +0100"), _marks("%d.%m.%Y %H:%M %z")
    ('.. : +', '.. : +')
    """
    bare = text.replace("%z", "+") if "%" in text else OFFSET.sub("+", text)
    return re.sub(r"%?[^\W_]", "", bare)


_BY_MARKS: dict[str, list[str]] = defaultdict(list)
for _form in FORMS:
    _BY_MARKS[_marks(_form)].append(_form)


def for_python(text: str, form: str) -> tuple[str, str]:
    """Return a text and its format as Python reads them: a week needs its Monday.

    >>> for_python("2026-W05", "%G-W%V"), for_python("01/26", "%m/%y")
    (('2026-W05-1', '%G-W%V-%u'), ('01/26', '%m/%y'))
    """
    return (f"{text}-1", f"{form}-%u") if form.endswith("%V") else (text, form)


def reads(text: str, form: str) -> bool:
    """Return whether a format reads a text.

    >>> reads("1/31/2026 1:00 PM", "%m/%d/%Y %I:%M %p"), reads("2026-W05", "%G-W%V"), reads("31.01.2026", "%d.%m.%y")
    (True, True, False)
    """
    try:
        datetime.strptime(*for_python(text, form))  # noqa: DTZ007
    except ValueError:
        return False
    return True


def forms_of(text: str) -> Iterator[str]:
    """Yield the formats that read a text, in order of preference.

    >>> list(forms_of("01/02/2026")), list(forms_of("31.01.26")), list(forms_of("soon"))
    (['%d/%m/%Y', '%m/%d/%Y'], ['%d.%m.%y'], [])
    """
    for form in _BY_MARKS.get(_marks(text), ()):
        digits = len(text) - len(text.lstrip("0123456789"))
        # Without marks in between, Python reads any number of digits.
        if form.startswith("%Y%m%d") and digits != (14 if form.startswith("%Y%m%d%H") else 8):
            continue
        if reads(text, form):
            yield form


def form_of(text: str) -> str | None:
    """Return the first format that reads a text, None if none does.

    >>> form_of("1/31/2026 1:00 PM")
    '%m/%d/%Y %I:%M %p'
    """
    return next(forms_of(text), None)
