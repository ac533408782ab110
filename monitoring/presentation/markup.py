"""Labels, tones and number format of every page. The HTML is in the templates, see `templating`."""

from __future__ import annotations

import math

from markupsafe import Markup

from driftloop.monitoring.records import DASH, Outcome, SliceScore, figure

# Content security policy: a page loads nothing from other hosts and sends nothing, regardless of its content.
POLICY = Markup(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.NO_DATA: ("quiet", "No rows"),
    Outcome.TOO_FEW_ROWS: ("quiet", "Too few rows"),
    Outcome.ALREADY_CHECKED: ("quiet", "Already checked"),
    Outcome.BAD_DATA: ("bad", "Bad data"),
    Outcome.FAILED: ("bad", "Failed"),
    Outcome.STEADY: ("good", "Steady"),
    Outcome.HELD: ("warn", "Held back"),
    Outcome.PROMOTED: ("new", "Challenger promoted"),
    Outcome.REJECTED: ("warn", "Challenger rejected"),
    Outcome.AWAITING_APPROVAL: ("warn", "Waits for approval"),
    Outcome.NEEDED_ELSEWHERE: ("warn", "Retrain needed elsewhere"),
    Outcome.REQUESTED: ("new", "Retrain requested"),
    Outcome.SWITCHED_BACK: ("new", "Switched back"),
    Outcome.RECALIBRATED: ("new", "Recalibrated"),
    Outcome.ROLLED_BACK: ("warn", "Promotion taken back"),
    Outcome.SHADOWING: ("new", "Challenger in shadow"),
    Outcome.SHADOW_DECLINED: ("warn", "Challenger in shadow declined"),
    Outcome.BOOTSTRAPPED: ("new", "First champion"),
}
# Tone and label of each standing of a slice.
SLICES = {
    "worse": ("bad", "worse"),
    "well": ("good", "not worse"),
    "no_reference": ("quiet", "no reference yet"),
    "too_few_rows": ("quiet", "too few rows"),
}
TONES = {"fire": "warn", "veto": "warn", "hold": "good", "allow": "good", "not_applicable": "quiet"}
TONES |= {"fatal": "bad", "error": "bad", "warning": "warn", "info": "quiet"}


def linked(text: str | None, url: str | None) -> str | None:
    """Return text as a link, where there is an address over HTTP.

    >>> print(linked("run <1>", "https://ml/#/runs/1?a=b&c"), linked("run 1", "javascript:alert(1)"))
    <a href="https://ml/#/runs/1?a=b&amp;c">run &lt;1&gt;</a> run 1
    """
    if text is None or url is None or not url.startswith(("http://", "https://")):
        return text
    return Markup('<a href="{}">{}</a>').format(url, text)


def number(value: float | None) -> str:
    """Return a number with three significant digits; a dash for None and NaN.

    >>> number(0.123456), number(1234567.0), number(0.0), number(0.00000012), number(None) == DASH
    ('0.123', '1,234,567', '0', '1.2e-07', True)
    """
    return DASH if value is None or math.isnan(value) else figure(value)


def slice_metrics(each: SliceScore) -> str:
    """Return the metrics on a slice as text; a dash where none was measured or can be computed."""
    return ", ".join(f"{one.metric} {number(one.value)}" for one in each.metrics if one.value is not None) or DASH


def tone_of(outcome: Outcome, *, worse: bool = False) -> str:
    """Return the tone of a verdict; it is never good where the champion does `worse` than its reference.

    >>> tone_of(Outcome.STEADY), tone_of(Outcome.STEADY, worse=True), tone_of(Outcome.FAILED, worse=True)
    ('good', 'warn', 'bad')
    """
    tone = OUTCOMES[outcome][0]
    return "warn" if worse and tone != "bad" else tone
