"""The pieces of HTML that every page of driftloop is made of: text, badges, tables. No page is made here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from driftloop.monitoring.records import Outcome

# Nothing may be loaded from elsewhere or sent anywhere, whatever a page holds.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
DASH = "\u2013"
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.NO_DATA: ("quiet", "No rows"),
    Outcome.TOO_FEW_ROWS: ("quiet", "Too few rows"),
    Outcome.ALREADY_CHECKED: ("quiet", "Checked before"),
    Outcome.BAD_DATA: ("bad", "Bad data"),
    Outcome.FAILED: ("bad", "Failed"),
    Outcome.STEADY: ("good", "Steady"),
    Outcome.HELD: ("warn", "Held back"),
    Outcome.PROMOTED: ("new", "Challenger promoted"),
    Outcome.REJECTED: ("warn", "Challenger rejected"),
    Outcome.AWAITING_APPROVAL: ("warn", "Waits for approval"),
    Outcome.REQUESTED: ("new", "Retrain requested"),
    Outcome.BOOTSTRAPPED: ("new", "First champion"),
}
TONES = {"fire": "warn", "veto": "warn", "hold": "good", "allow": "good", "not_applicable": "quiet"}
TONES |= {"fatal": "bad", "error": "bad", "warning": "warn", "info": "quiet"}
EMPTY = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<meta name="color-scheme" content="light dark">
</head>
<body>
</body>
</html>
"""


def with_head(page: str, *, title: str, style: str, top: str) -> str:
    """A page with a title, our style, our own HTML on top, and a policy that forbids it the network."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head = f"<head>\n{policy}\n<title>{text(title)}</title>\n<style>{style}</style>"
    return page.replace("<head>", head, 1).replace("<body>", f"<body>\n{top}", 1)


def number(value: float | None) -> str:
    """Four digits that matter; a dash where there is nothing.

    >>> number(0.123456), number(1234567.0), number(0.0), number(0.00000012), number(None) == DASH
    ('0.1235', '1.235e+06', '0', '1.2e-07', True)
    """
    if value is None or math.isnan(value):
        return DASH
    return f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.2g}"


def section(title: str, body: str) -> str:
    """A heading and ready HTML below it."""
    return f"<section><h2>{title}</h2>{body}</section>\n"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of ready HTML cells that scrolls inside itself; `#` heads numbers, `+` heads sentences."""
    if not rows:
        return ""
    sorts = [{"#": "n", "+": "s"}.get(head[0], "t") for head in heads]
    top = "".join(f'<th class="{sort}">{head.lstrip("#+")}</th>' for sort, head in zip(sorts, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{sort}">{cell}</td>' for sort, cell in zip(sorts, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return section(title, f'<div class="scroll" tabindex="0">{whole}</div>')


def pairs(told: Iterable[tuple[str, str]]) -> str:
    """The inside of a `dl`: names, which are ours, and values, which are escaped."""
    return "".join(f"<div><dt>{name}</dt><dd>{text(value)}</dd></div>" for name, value in told)


def badge(tone: str, word: str) -> str:
    """A small label; `tone` is good, warn, bad, new or quiet."""
    return f'<span class="badge {tone}">{text(word)}</span>'


def tone_of(outcome: Outcome, *, worse: bool = False) -> str:
    """Return the tone of a verdict; it is never good where the champion does `worse` than its reference.

    >>> tone_of(Outcome.STEADY), tone_of(Outcome.STEADY, worse=True), tone_of(Outcome.FAILED, worse=True)
    ('good', 'warn', 'bad')
    """
    tone = OUTCOMES[outcome][0]
    return "warn" if worse and tone != "bad" else tone


def verdict_badges(outcome: Outcome, *, worse: bool = False) -> str:
    """Return the badge of the outcome, and a second one if the champion does worse than its reference.

    >>> verdict_badges(Outcome.STEADY, worse=True)
    '<span class="badge warn">Steady</span> <span class="badge warn">loss is worse</span>'
    """
    first = badge(tone_of(outcome, worse=worse), OUTCOMES[outcome][1])
    return f"{first} {badge('warn', 'loss is worse')}" if worse else first


def text(raw: str) -> str:
    """Any text of the data, fit to stand in HTML and in attributes."""
    return escape(raw, quote=True)
