"""The verdict on top of the report: self-contained HTML and CSS, without scripts. Knows nothing of Evidently."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from driftloop.monitoring.drift.methods import direction, strain
from driftloop.monitoring.presentation.markup import (
    DASH,
    EMPTY,
    OUTCOMES,
    TONES,
    badge,
    number,
    pairs,
    section,
    table,
    text,
    verdict_badges,
    with_head,
)
from driftloop.monitoring.presentation.standing import WORSE, format_loss, remains_worse
from driftloop.monitoring.presentation.style import STYLE
from driftloop.monitoring.records import Check, ColumnScore, Estimate, Performance, Probe, Retrain

TOP, BOTTOM = '<main id="driftloop">\n', "</main>\n"


def dress(page: str, check: Check) -> str:
    """Put our verdict at the top of a page's body, with a title and a policy that forbids the page the network.

    An empty page becomes the verdict alone.
    """
    return with_head(page or EMPTY, title=_title(check), style=STYLE, top=verdict(check, bool(page)))


def redress(page: str, check: Check) -> str | None:
    """Put another word of the same check at the top of a page that has one; None where there is no verdict of ours."""
    start = page.find(TOP)
    end = page.find(BOTTOM, start)
    if start < 0 or end < 0:
        return None
    # Text is escaped: the first end after the beginning is ours, whatever the data holds.
    plots = 'class="follows"' in page[start:end]
    head = re.sub(r"<title>[^<]*</title>", lambda _: f"<title>{text(_title(check))}</title>", page[:start], count=1)
    return head + verdict(check, plots) + page[end + len(BOTTOM) :]


def verdict(check: Check, plots_follow: bool = False) -> str:
    """Write the whole result of a check as one block of HTML; every text in it is escaped."""
    parts = [
        _header(check),
        _facts(check),
        _performance(check.performance) if check.performance else "",
        _baseline(check.baseline) if check.baseline else "",
        _estimated(check.estimated) if check.estimated else "",
        _probe(check.probe) if check.probe else "",
        _retrain(check.retrain) if check.retrain else "",
        _votes(check),
        _columns(check.columns),
        _findings(check),
        _ids(check),
        '<h2 class="follows">Distributions, most drifted first</h2>' if plots_follow else "",
    ]
    return f"{TOP}{''.join(part for part in parts if part)}{BOTTOM}"


def _title(check: Check) -> str:
    return f"{check.model}: {OUTCOMES[check.outcome][1].lower()}"


def _header(check: Check) -> str:
    chips = [word for told, word in ((check.dry_run, "dry run"), (check.cached, "from an earlier run")) if told]
    badges = verdict_badges(check.outcome, worse=remains_worse(check)) + "".join(badge("quiet", chip) for chip in chips)
    return (
        f'<header><p class="eyebrow">Drift check</p><div class="title"><h1>{text(check.model)}</h1>'
        f'<div class="badges">{badges}</div></div>{_worse(check)}<p class="reason">{text(check.reason)}</p></header>\n'
    )


def _worse(check: Check) -> str:
    """The first sentence about a champion that does worse, whatever the policies made of it."""
    if check.performance is None or not remains_worse(check):
        return ""
    return f'<p class="reason"><strong>{text(format_loss(check.performance))}.</strong></p>'


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
    return f'<dl class="facts">{pairs(facts)}</dl>\n'


def _performance(told: Performance) -> str:
    if told.standing == "worse":
        mark = badge("warn", WORSE)
    elif told.loss > told.reference_loss:
        mark = badge("quiet", "not proven worse than the reference")
    else:
        mark = badge("good", "no worse than the reference")
    rise = "" if math.isinf(told.rise) else f" ({told.rise:+.1%})"
    return section(
        "Performance",
        f'<p class="line"><strong>{text(told.loss_name)} {number(told.loss)}</strong>, 95% interval '
        f"{number(told.low)} {DASH} {number(told.high)}, against {number(told.reference_loss)} on the reference{rise}; "
        f"{told.rows:,} labelled rows of {text(str(told.window))}. {mark}</p>",
    )


def _baseline(seen: Performance) -> str:
    return section(
        "Naive baseline",
        f'<p class="line"><strong>{text(seen.loss_name)} {number(seen.loss)}</strong>, 95% interval {number(seen.low)} '
        f"{DASH} {number(seen.high)}, on {seen.rows:,} labelled rows of {text(str(seen.window))}: the loss of the best "
        "constant of the training rows. A first model has to beat it.</p>",
    )


def _estimated(told: Estimate) -> str:
    """The estimate with how far it is to be trusted; it stands there even where it does not apply, and says so."""
    mark = badge("good", "applicable") if told.applicable else badge("quiet", "not applicable")
    about = "" if told.loss is None else f"<strong>{text(told.loss_name)} {number(told.loss)}</strong>, 95% interval "
    about += "" if told.loss is None else f"{number(told.low)} {DASH} {number(told.high)}; "
    test = told.self_test
    tested = f"Self-test {'passed' if test.passed else 'failed'}: {test.reason}" if test else "No self-test"
    return section(
        "Estimated loss, without labels",
        f'<p class="line">{about}{told.rows:,} rows. {mark}</p>'
        + ("" if told.applicable else f'<p class="line">{text(told.reason)}</p>')
        + f'<p class="line soft">{text(tested)}. Cannot detect concept drift.</p>',
    )


def _probe(told: Probe) -> str:
    bias = f" minus the probe bias {number(told.handicap)}" if told.handicap else ""
    return section(
        "Probe",
        f'<p class="line">Expected {"gain" if told.gap >= 0 else "loss"} of a retrain per row: '
        f"<strong>{number(abs(told.gap))}</strong>. Champion {number(told.champion_loss)}, "
        f"probe {number(told.probe_loss)}{bias}, on {told.rows:,} rows that neither has seen.</p>",
    )


def _retrain(told: Retrain) -> str:
    version = f"Version {told.version}" if told.version else "No version"
    losses = [("champion", told.champion_loss), ("challenger", told.challenger_loss)]
    shown = ", ".join(f"{name} {number(loss)}" for name, loss in losses if loss is not None)
    end = badge("new", "promoted") if told.promoted else badge("warn", "not promoted")
    return section(
        "Retrain",
        f'<p class="line"><strong>{text(version)}</strong> {end}</p><p class="line">{text(told.reason)}</p>'
        + (f'<p class="line soft">Loss on rows that neither has seen: {text(shown)}</p>' if shown else ""),
    )


def _votes(check: Check) -> str:
    rows = [
        (
            f"<strong>{text(vote.policy)}</strong>",
            badge(TONES[vote.vote], vote.vote.replace("_", " ")),
            number(vote.observed),
            number(vote.threshold),
            text(vote.reason),
        )
        for vote in check.votes
    ]
    return table("Votes", ("Policy", "Vote", "#Observed", "#Threshold", "+Why"), rows)


def _columns(scores: Sequence[ColumnScore]) -> str:
    ordered = sorted(scores, key=lambda score: (not score.drifted, -strain(score), score.name))
    rows = [
        (
            f"<strong>{text(score.name)}</strong>" + (f" <i>{score.role}</i>" if score.role != "feature" else ""),
            badge("warn", "drifted") if score.drifted else badge("quiet", "steady"),
            number(score.score),
            f"{'&lt;' if direction(score.method) == 'lower' else '≥'}&nbsp;{number(score.threshold)}",
            text(score.method),
            text(score.kind),
        )
        for score in ordered
    ]
    drifted = sum(score.drifted for score in scores)
    title = f"Columns <small>{drifted} of {len(scores)} drifted</small>"
    return table(title, ("Column", "Verdict", "#Score", "#Drift if", "Method", "Kind"), rows)


def _findings(check: Check) -> str:
    rows = [
        (
            badge(TONES[finding.severity], finding.severity),
            f"<code>{text(finding.code)}</code>",
            text(finding.column or DASH),
            text(finding.message),
        )
        for finding in check.findings
    ]
    return table("Findings", ("Severity", "Code", "Column", "+Message"), rows)


def _ids(check: Check) -> str:
    ids = [
        ("Check", check.check_id),
        ("MLflow run", check.mlflow_run_id),
        ("Prefect flow run", check.prefect_flow_run_id),
    ]
    return f'<dl class="ids">{pairs((name, value) for name, value in ids if value)}</dl>\n'
