"""The verdict on top of the report: self-contained HTML and CSS, without scripts. Knows nothing of Evidently."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from monitoring.drift import METHODS, strain
from monitoring.records import Check, ColumnScore, Outcome, Performance, Retrain
from monitoring.style import STYLE

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


def dress(page: str, check: Check) -> str:
    """Put our verdict at the top of a page's body, with a title and a policy that forbids the page the network.

    An empty page becomes the verdict alone.
    """
    title = f"<title>{_text(check.model)}: {_text(OUTCOMES[check.outcome][1].lower())}</title>"
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n{title}\n<style>{STYLE}</style>'
    return (page or EMPTY).replace("<head>", head, 1).replace("<body>", f"<body>\n{verdict(check, bool(page))}", 1)


def verdict(check: Check, plots_follow: bool = False) -> str:
    """Write the whole result of a check as one block of HTML; every text in it is escaped."""
    parts = [
        _header(check),
        _facts(check),
        _performance(check.performance) if check.performance else "",
        _retrain(check.retrain) if check.retrain else "",
        _votes(check),
        _columns(check.columns),
        _findings(check),
        _ids(check),
        '<h2 class="follows">Distributions, most drifted first</h2>' if plots_follow else "",
    ]
    return f'<main id="driftloop">\n{"".join(part for part in parts if part)}</main>\n'


def _header(check: Check) -> str:
    tone, word = OUTCOMES[check.outcome]
    chips = [text for told, text in ((check.dry_run, "dry run"), (check.cached, "from an earlier run")) if told]
    badges = _badge(tone, word) + "".join(_badge("quiet", text) for text in chips)
    return (
        f'<header><p class="eyebrow">Drift check</p><div class="title"><h1>{_text(check.model)}</h1>'
        f'<div class="badges">{badges}</div></div><p class="reason">{_text(check.reason)}</p></header>\n'
    )


def _facts(check: Check) -> str:
    champion = check.champion or "none"
    if check.champion_after and check.champion_after != check.champion:
        champion = f"{champion} → {check.champion_after}"
    facts = [
        ("Window", f"{check.window.start:%Y-%m-%d %H:%M} {DASH} {check.window.end:%Y-%m-%d %H:%M} UTC"),
        ("Rows", f"{check.window.rows:,}"),
        ("Champion", champion),
        ("Decision", (check.decision or "none").replace("_", " ")),
        ("Drifted features", "not judged" if check.drift_share is None else f"{check.drift_share:.0%}"),
        ("Checked at", f"{check.now:%Y-%m-%d %H:%M} UTC"),
    ]
    return f'<dl class="facts">{_pairs(facts)}</dl>\n'


def _performance(told: Performance) -> str:
    worse = told.low > told.reference_loss
    rise = "" if math.isinf(told.rise) else f" ({told.rise:+.1%})"
    return _section(
        "Performance",
        f'<p class="line"><strong>{_text(told.loss_name)} {number(told.loss)}</strong>, 95% interval '
        f"{number(told.low)} {DASH} {number(told.high)}, against {number(told.reference_loss)} on the reference{rise}; "
        f"{told.rows:,} labelled rows of {_text(str(told.window))}. "
        f"{_badge('warn', 'worse than the reference') if worse else _badge('good', 'within the reference')}</p>",
    )


def _retrain(told: Retrain) -> str:
    version = f"Version {told.version}" if told.version else "No version"
    losses = [("champion", told.champion_loss), ("challenger", told.challenger_loss)]
    shown = ", ".join(f"{name} {number(loss)}" for name, loss in losses if loss is not None)
    badge = _badge("new", "promoted") if told.promoted else _badge("warn", "not promoted")
    return _section(
        "Retrain",
        f'<p class="line"><strong>{_text(version)}</strong> {badge}</p><p class="line">{_text(told.reason)}</p>'
        + (f'<p class="line soft">Loss on rows that neither has seen: {_text(shown)}</p>' if shown else ""),
    )


def _votes(check: Check) -> str:
    rows = [
        (
            f"<strong>{_text(vote.policy)}</strong>",
            _badge(TONES[vote.vote], vote.vote.replace("_", " ")),
            number(vote.observed),
            number(vote.threshold),
            _text(vote.reason),
        )
        for vote in check.votes
    ]
    return _table("Votes", ("Policy", "Vote", "#Observed", "#Threshold", "+Why"), rows)


def _columns(scores: Sequence[ColumnScore]) -> str:
    ordered = sorted(scores, key=lambda score: (not score.drifted, -_strain(score), score.name))
    rows = [
        (
            f"<strong>{_text(score.name)}</strong>" + (f" <i>{score.role}</i>" if score.role != "feature" else ""),
            _badge("warn", "drifted") if score.drifted else _badge("quiet", "steady"),
            number(score.score),
            f"{'&lt;' if _direction(score) == 'lower' else '≥'}&nbsp;{number(score.threshold)}",
            _text(score.method),
            _text(score.kind),
        )
        for score in ordered
    ]
    drifted = sum(score.drifted for score in scores)
    title = f"Columns <small>{drifted} of {len(scores)} drifted</small>"
    return _table(title, ("Column", "Verdict", "#Score", "#Drift if", "Method", "Kind"), rows)


def _findings(check: Check) -> str:
    rows = [
        (
            _badge(TONES[finding.severity], finding.severity),
            f"<code>{_text(finding.code)}</code>",
            _text(finding.column or DASH),
            _text(finding.message),
        )
        for finding in check.findings
    ]
    return _table("Findings", ("Severity", "Code", "Column", "+Message"), rows)


def _ids(check: Check) -> str:
    ids = [
        ("Check", check.check_id),
        ("MLflow run", check.mlflow_run_id),
        ("Prefect flow run", check.prefect_flow_run_id),
    ]
    return f'<dl class="ids">{_pairs((name, value) for name, value in ids if value)}</dl>\n'


def number(value: float | None) -> str:
    """Four digits that matter; a dash where there is nothing.

    >>> number(0.123456), number(1234567.0), number(0.0), number(0.00000012), number(None) == DASH
    ('0.1235', '1.235e+06', '0', '1.2e-07', True)
    """
    if value is None or math.isnan(value):
        return DASH
    return f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.2g}"


def _direction(score: ColumnScore) -> str:
    return METHODS[score.method].direction if score.method in METHODS else "higher"


def _strain(score: ColumnScore) -> float:
    return strain(score.score, score.threshold, "lower" if _direction(score) == "lower" else "higher")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>\n"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of ready HTML cells that scrolls inside itself; `#` heads numbers, `+` heads sentences."""
    if not rows:
        return ""
    sorts = [{"#": "n", "+": "s"}.get(head[0], "t") for head in heads]
    top = "".join(f'<th class="{sort}">{head.lstrip("#+")}</th>' for sort, head in zip(sorts, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{sort}">{cell}</td>' for sort, cell in zip(sorts, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return _section(title, f'<div class="scroll" tabindex="0">{table}</div>')


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in pairs)


def _badge(tone: str, text: str) -> str:
    return f'<span class="badge {tone}">{_text(text)}</span>'


def _text(text: str) -> str:
    return escape(text, quote=True)
