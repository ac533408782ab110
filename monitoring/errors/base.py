"""What every error is: it words itself as what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_NAME = 200


def listed(names: Iterable[object], most: int = 8) -> str:
    """Name a few things and count the rest.

    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed(range(10), most=2)
    '0, 1 and 8 more'
    """
    names = list(names)
    shown = ", ".join(clipped(repr(name), 200) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def clipped(text: str, most: int = 60) -> str:
    """Shorten a text of the data, so that one long value does not bury the sentence around it.

    >>> clipped("abcdefgh", most=4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Hint at the nearest known name, whatever its case, or at nothing.

    >>> suggestion("tresholds", ["threshold", "method"]), suggestion("PSI", ["psi"]), suggestion("x", ["psi"])
    (" Did you mean 'threshold'?", " Did you mean 'psi'?", '')
    """
    if len(name) > LONGEST_NAME:
        return ""  # to compare texts costs their lengths multiplied
    spelled = {one.lower(): one for one in known if len(one) <= LONGEST_NAME}
    near = get_close_matches(name.lower(), spelled, n=1)
    return f" Did you mean {spelled[near[0]]!r}?" if near else ""


class DriftloopError(Exception):
    """Base of all errors that driftloop raises on purpose."""

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(found, expected, remedy)
        self.found, self.expected, self.remedy = found, expected, remedy

    def __str__(self) -> str:
        return f"{self.found}\n  expected: {self.expected}\n  remedy:   {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take other arguments than the base, and some carry a code or a column of their own; all of it
        # must survive the trip through a result store.
        return (_rebuild, (type(self), self.found, self.expected, self.remedy), self.__dict__)


def _rebuild(kind: type[DriftloopError], found: str, expected: str, remedy: str) -> DriftloopError:
    error = kind.__new__(kind)
    DriftloopError.__init__(error, found, expected=expected, remedy=remedy)
    return error


class ValidationProblem(ValueError):
    """What a validator of a config section says: more than one sentence can. `load` makes a `ConfigError` of it.

    `found` is the value that was refused unless given; `key` is where it stands within the section.
    """

    def __init__(self, expected: str, *, found: str | None = None, key: str = "", remedy: str | None = None) -> None:
        super().__init__(": ".join(part for part in (key, found, f"expected {expected}") if part))
        self.expected, self.found, self.key, self.remedy = expected, found, key, remedy
