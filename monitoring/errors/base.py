"""Base class of the errors: a message with what was found, what was expected and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_NAME = 200


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return the first names as text, with the number of further ones.

    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed(range(10), most=2)
    '0, 1 and 8 more'
    """
    names = list(names)
    shown = ", ".join(clipped(repr(name), 200) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def clipped(text: str, most: int = 60) -> str:
    """Shorten a text of the data, so that a long value does not hide the message around it.

    >>> clipped("abcdefgh", most=4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint at the most similar known name, regardless of case; empty without one.

    >>> suggestion("tresholds", ["threshold", "method"]), suggestion("PSI", ["psi"]), suggestion("x", ["psi"])
    (" Did you mean 'threshold'?", " Did you mean 'psi'?", '')
    """
    if len(name) > LONGEST_NAME:
        return ""  # the cost of a comparison is the product of the lengths
    names = {other.lower(): other for other in known if len(other) <= LONGEST_NAME}
    matches = get_close_matches(name.lower(), names, n=1)
    return f" Did you mean {names[matches[0]]!r}?" if matches else ""


class DriftloopError(Exception):
    """Base of all errors that driftloop raises on purpose."""

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(found, expected, remedy)
        self.found, self.expected, self.remedy = found, expected, remedy

    def __str__(self) -> str:
        return f"{self.found}\n  expected: {self.expected}\n  fix:      {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take other arguments than the base, and some have a code or a column; a result store must keep
        # all of it.
        return (_rebuild, (type(self), self.found, self.expected, self.remedy), self.__dict__)


def _rebuild(kind: type[DriftloopError], found: str, expected: str, remedy: str) -> DriftloopError:
    error = kind.__new__(kind)
    DriftloopError.__init__(error, found, expected=expected, remedy=remedy)
    return error


class ValidationProblem(ValueError):
    """Error of a validator of a config section, with its parts; `load` turns it into a `ConfigError`.

    `found` describes the value, by default the refused value itself; `key` is its path within the section.
    """

    def __init__(self, expected: str, *, found: str | None = None, key: str = "", remedy: str | None = None) -> None:
        super().__init__(": ".join(part for part in (key, found, f"expected {expected}") if part))
        self.expected, self.found, self.key, self.remedy = expected, found, key, remedy
