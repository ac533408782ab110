"""The page of one model: verdict, timeline, checks, versions with their lineage. Pure: a history in, HTML out."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import DASH, EMPTY, badge, number, pairs, text, verdict_badges, with_head
from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import Check, Retrain
from driftloop.pipelines.site.cards import Head, Row, cards
from driftloop.pipelines.site.chart import timeline
from driftloop.pipelines.site.glyphs import WORDS, legend
from driftloop.pipelines.site.history import Lineage, ModelHistory, Request
from driftloop.pipelines.site.scales import aligned
from driftloop.pipelines.site.style import SITE_STYLE

MOST_ROWS = 250
MOST_VERSIONS = 120
LONGEST = 400

CHECK_HEADS = (
    Head("Checked", "w", told=False),
    Head("Verdict", told=False),
    Head("Rows", "n"),
    Head("Drifted", "n"),
    Head("Loss", "n"),
    Head("Reference", "n"),
    Head("Version", "w"),
    Head("Why", "why", told=False),
    Head("", "w", told=False),
)
VERSION_HEADS = (
    Head("Version", "w"),
    Head("State", told=False),
    Head("Asked", "w"),
    Head("Learned from", "w"),
    Head("Champion", "n"),
    Head("Challenger", "n"),
    Head("Why it was asked for, and what the gate said", "why", told=False),
)


def render(history: ModelHistory) -> str:
    """The whole page; every text in it is escaped, and it loads nothing."""
    parts = [
        _header(history),
        _timeline(history),
        _versions(history),
        _checks(history),
        f'<p class="foot">Times are UTC. Written at {history.written:%Y-%m-%d %H:%M}, after each check anew.</p>',
    ]
    top = f'<main id="driftloop">\n{"".join(parts)}</main>\n'
    return with_head(EMPTY, title=f"{history.model} · driftloop", style=SITE_STYLE, top=top)


def _header(history: ModelHistory) -> str:
    last = history.checks[-1] if history.checks else None
    verdict = verdict_badges(last.outcome, worse=history.worse) if last else badge("quiet", "not checked yet")
    undone = history.undone(last.champion_after) if last and last.champion != last.champion_after else None
    verdict += f" {badge('warn', WORDS[undone])}" if undone else ""
    reason = f'<p class="reason">{text(clipped(last.reason, LONGEST))}</p>' if last else ""
    if history.worse and history.measured and history.measured.performance:
        reason = f'<p class="reason"><strong>{text(format_loss(history.measured.performance))}.</strong></p>{reason}'
    backtest = f' · <a href="{text(history.backtest)}">Newest backtest</a>' if history.backtest else ""
    return (
        f'<nav><a href="../index.html">All models</a>{backtest}</nav>'
        f'<header><div class="title"><h1>{text(history.model)}</h1>'
        f'<div class="badges">{verdict}</div></div>{reason}</header>\n<dl class="facts">{pairs(_facts(history))}</dl>\n'
    )


def _facts(history: ModelHistory) -> list[tuple[str, str]]:
    last = history.checks[-1] if history.checks else None
    judged = history.judged[-1] if history.judged else None
    serving = next((version for version in history.versions if version.number == history.champion), None)
    learned = max((window.end for window in serving.trained_on), default=None) if serving else None
    ends = [request.retrain for request in history.requests if request.retrain]
    promoted = sum(end.promoted for end in ends)
    share = judged.drift_share if judged else None
    return [
        ("Champion", f"version {history.champion}" if history.champion else "none"),
        ("Learned up to", f"{learned:%Y-%m-%d}" if learned else DASH),
        ("Last check", f"{last.now:%Y-%m-%d %H:%M}" if last else "never"),
        ("Drifted features", f"{share:.0%}" if share is not None else "not judged"),
        ("Loss", history.new_champion or (_loss_in_words(history.measured or judged) if judged else "not judged")),
        ("Trainings", f"{len(history.requests)}, {promoted} promoted" if history.requests else "none"),
    ]


def _loss_in_words(check: Check) -> str:
    seen, told = check.performance, check.estimated
    if seen is None and told is not None and told.applicable:
        return f"{told.loss_name} {number(told.loss)}, estimated without labels"
    if seen is None:
        return "no labels yet"
    return f"{seen.loss_name} {number(seen.loss)}, reference {number(seen.reference_loss)}"


def _timeline(history: ModelHistory) -> str:
    drawn = timeline(history)
    if not drawn:
        return '<p class="empty">No check has finished yet. The first one draws the timeline.</p>\n'
    kinds = legend([mark.kind for mark in history.marks])
    return f'<section><div class="head"><h2>Timeline</h2>{kinds}</div>{drawn}</section>\n'


def _checks(history: ModelHistory) -> str:
    if not history.checks:
        return ""
    shown = list(reversed(history.checks))[:MOST_ROWS]
    total = len(history.checks) + history.older
    left = (
        f"newest {len(shown)} of {total:,}; all of them: driftloop history {history.model}"
        if total > len(shown)
        else f"{total:,}, newest first"
    )
    seen = [check.performance for check in shown]
    both = [(one.loss, one.reference_loss) if one else (None, None) for one in seen]
    losses = aligned([value for pair in both for value in pair], DASH)
    rows = [
        Row(
            (
                _moment(check.now),
                verdict_badges(check.outcome, worse=remains_worse(check)),
                f"{check.window.rows:,}",
                DASH if check.drift_share is None else f"{check.drift_share:.0%}",
                losses[2 * at],
                losses[2 * at + 1],
                _served(check),
                text(clipped(check.reason, LONGEST)),
                _report(history, check),
            ),
            anchor=f"c-{check.check_id}",
        )
        for at, check in enumerate(shown)
    ]
    return f"<section><h2>Checks <small>{text(left)}</small></h2>{cards(CHECK_HEADS, rows, 'tall')}</section>\n"


def _served(check: Check) -> str:
    before, after = check.champion, check.champion_after
    return text(f"{before or DASH} → {after}" if after and after != before else before or DASH)


def _report(history: ModelHistory, check: Check) -> str:
    link = history.links.get(check.check_id)
    return f'<a href="{text(link)}">Report</a>' if link else ""


def _versions(history: ModelHistory) -> str:
    """Every training that was asked for, with the version it became; and versions without a request here."""
    by_number = {version.number: version for version in history.versions}
    known = {request.retrain.version for request in history.requests if request.retrain and request.retrain.version}
    shown = history.requests[:MOST_VERSIONS]
    ends = [request.retrain for request in shown]
    losses = aligned([value for end in ends for value in _losses(end)], DASH)
    listed = frozenset(check.check_id for check in history.checks[-MOST_ROWS:])
    rows = [_request(request, by_number, listed, *losses[2 * at : 2 * at + 2]) for at, request in enumerate(shown)]
    rows += [_orphan(version) for version in history.versions if version.number not in known][:MOST_VERSIONS]
    if not rows:
        return ""
    left = "loss on rows that neither has seen, newest first"
    if len(history.requests) > len(shown):
        left = f"newest {len(shown)} of {len(history.requests):,}; {left}"
    told = cards(VERSION_HEADS, rows, "tall")
    return f"<section><h2>Versions and challengers <small>{left}</small></h2>{told}</section>\n"


def _losses(end: Retrain | None) -> tuple[float | None, float | None]:
    return (end.champion_loss, end.challenger_loss) if end else (None, None)


def _request(
    request: Request, versions: dict[str, Lineage], listed: frozenset[str], champion: str, challenger: str
) -> Row:
    """One training; the check that asked for it is linked while it stands in the list below."""
    retrain = request.retrain
    version = versions.get(retrain.version or "") if retrain else None
    asked = _moment(request.asked_at)
    if request.check_id in listed:
        asked = f'<a href="#c-{text(str(request.check_id))}">{asked}</a>'
    gate = retrain.reason if retrain else request.error or "it has not ended yet"
    return Row(
        (
            f"<strong>{text(retrain.version)}</strong>" if retrain and retrain.version else DASH,
            _state(request, version),
            asked,
            _learned(version),
            champion,
            challenger,
            f"<em>{text(clipped(request.reason, LONGEST))}</em><span>{text(clipped(gate, LONGEST))}</span>",
        )
    )


def _orphan(version: Lineage) -> Row:
    """A version of which the ledger knows no request: registered by hand, or before this ledger began."""
    told = version.gate_reason or "registered without a request that this ledger knows"
    return Row(
        (
            f"<strong>{text(version.number)}</strong>",
            _alias(version) or badge("quiet", "registered"),
            DASH,
            _learned(version),
            DASH,
            text(version.loss.partition("=")[2]) if version.loss else DASH,
            f"<span>{text(clipped(told, LONGEST))}</span>",
        )
    )


def _moment(moment: datetime) -> str:
    """A moment without the midnight that daily checks share."""
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"


def _state(request: Request, version: Lineage | None) -> str:
    named = _alias(version) if version else ""
    if named:
        return named
    if request.retrain is not None:
        return badge("quiet", "replaced") if request.retrain.promoted else badge("warn", "rejected")
    return badge("bad", "failed") if request.state == "failed" else badge("quiet", request.state.replace("_", " "))


def _alias(version: Lineage) -> str:
    tones = {"champion": "new", "previous": "quiet"}
    return badge(tones.get(version.alias, "warn"), version.alias) if version.alias else ""


def _learned(version: Lineage | None) -> str:
    if version is None or not version.trained_on:
        return DASH
    whole = "<br>".join(f"{window.start:%Y-%m-%d} {DASH} {window.end:%Y-%m-%d}" for window in version.trained_on[-3:])
    rows = f"<br>{version.rows:,} rows" if version.rows else ""
    return whole + rows + (", fitted again on its holdout" if version.refit else "")
