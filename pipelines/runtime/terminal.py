"""Output of all commands. The only place that writes to the terminal: control characters in the data never reach it."""

from __future__ import annotations

import json
import logging
import math
import warnings
from typing import Any

import click


def say(text: str, *, err: bool = False) -> None:
    """Print a message for a person, line by line."""
    click.echo(harmless(text), err=err)


def say_json(value: Any) -> None:
    """Print one JSON object, given as a value or as JSON text.

    What a terminal could obey is escaped, so that a reader gets the very same text. A number that JSON does not know,
    such as an infinite loss, is null.
    """
    text = value if isinstance(value, str) else json.dumps(_finite(value), allow_nan=False)
    click.echo("".join(sign if sign.isprintable() else _escaped(sign) for sign in text))


def harmless(text: str) -> str:
    r"""Make every line of a text printable, and keep the line ends.

    >>> harmless("one\n\x1b]0;title\x07two")
    'one\n?]0;title?two'
    """
    return "\n".join(printable(line) for line in text.split("\n"))


def printable(line: str) -> str:
    r"""Replace the control characters of a line: a terminal may obey them.

    >>> printable("a\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in line)


class Harmless(logging.Formatter):
    """A log formatter whose lines cannot steer a terminal: messages hold names of files and columns."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record))


def guard_logs() -> None:
    """Format what no handler of ours prints, warnings of libraries included, as `Harmless` does."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Harmless())
    plain = warnings.formatwarning
    warnings.formatwarning = lambda *about, **more: harmless(plain(*about, **more))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _escaped(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
