"""The page of one model: verdict, timeline, checks, versions with their lineage. Pure: a history in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import SLICES, linked, number, slice_metrics
from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import DASH, Check, Retrain, SliceScore, fairness_summary, summary
from driftloop.pipelines.runtime.pages import render as rendered
from driftloop.pipelines.site.answers import drifted_first, month_before, serving_since
from driftloop.pipelines.site.chart import timeline
from driftloop.pipelines.site.glyphs import WORDS, glyph
from driftloop.pipelines.site.heatmap import heatmap
from driftloop.pipelines.site.history import Lineage, ModelHistory, Request
from driftloop.pipelines.site.metric_charts import metric_charts
from driftloop.pipelines.site.scales import aligned
from driftloop.pipelines.site.slice_heat import slice_heatmap
from driftloop.pipelines.site.versions import comparison

MOST_ROWS = 250
MOST_VERSIONS = 120
LONGEST = 400
SHEETS = ("presentation/style.css", "site/style.css")
STROKE = Markup('<rect class="{}" x="8" y="1" width="6" height="12"/>')
LINE = Markup('<path class="{}" d="M1 7H21"/>')
BAND = Markup('<path class="{}" d="M1 2H21V12H1Z"/>')
SERVED = Markup('<rect class="{}" x="1" y="1" width="20" height="12"/>')
# What the chart may contain besides the marks of retrains: class, the sample of the legend, meaning.
LINES: tuple[tuple[str, Markup, str], ...] = (
    ("reign0", SERVED, "a version serves"),
    ("good", STROKE, "steady check"),
    ("warn", STROKE, "check: held back, rejected, waiting, or loss is worse"),
    ("bad", STROKE, "check: failed or bad data"),
    ("new", STROKE, "check: new champion or retrain requested"),
    ("quiet", STROKE, "check: not judged"),
    ("drift", LINE, "share of drifted features"),
    ("limit", LINE, "limit of the policy"),
    ("loss", LINE, "loss of the champion"),
    ("loss whisker", Markup('<path class="{}" d="M11 1V13"/>'), "95% CI of the loss"),
    ("loss band", BAND, "95% CI of the loss"),
    ("reference", LINE, "reference loss"),
    ("estimate", LINE, "loss estimated without labels"),
)


def render(history: ModelHistory) -> str:
    """Return the whole page; every text in it is escaped, and it loads nothing."""
    last = history.checks[-1] if history.checks else None
    requests = history.requests[:MOST_VERSIONS]
    shown = history.checks[::-1][:MOST_ROWS]
    drawing = timeline(history)
    return rendered(
        "site/model.html.j2",
        title=f"{history.model} · driftloop",
        sheets=SHEETS,
        history=history,
        last=last,
        undone=history.undone(last.champion_after) if last and last.champion != last.champion_after else None,
        facts=_facts(history),
        timeline=drawing,
        marks=WORDS,
        drawn_marks=[kind for kind in WORDS if kind in {mark.kind for mark in history.marks}],
        drawn_lines=legend(drawing),
        heat=heatmap(history.checks),
        metrics=metric_charts(history.checks),
        slice_heat=slice_heatmap(history.checks),
        slices=_slices(history),
        slice_badges=SLICES,
        compared_versions=comparison(history),
        versions=_versions(history, requests),
        versions_remark=_versions_remark(history, requests),
        orphans=_orphans(history),
        listed=frozenset(check.check_id for check in shown),
        checks=_checks(shown),
        checks_remark=_checks_remark(history, shown),
        glyph=glyph,
        moment=_moment,
        served=_served,
        remains_worse=remains_worse,
        loss_as_text=format_loss,
        clip=lambda text: clipped(text, LONGEST),
        linked=linked,
    )


def legend(drawing: str) -> list[tuple[str, Markup, str]]:
    """List the colors and lines that a drawing contains: class, sample, meaning. A meaning is listed once."""
    found: dict[str, tuple[str, Markup, str]] = {}
    for kind, sample, word in LINES:
        if f'class="{kind}"' in drawing:
            found.setdefault(word, (kind, sample.format(kind), word))
    return list(found.values())


def _facts(history: ModelHistory) -> list[tuple[str, str]]:
    last = history.checks[-1] if history.checks else None
    judged = history.judged[-1] if history.judged else None
    serving = next((version for version in history.versions if version.number == history.champion), None)
    learned = max((window.end for window in serving.trained_on), default=None) if serving else None
    ends = [request.retrain for request in history.requests if request.retrain]
    promoted = sum(end.promoted for end in ends)
    share = judged.drift_share if judged else None
    gaps = history.measured.fairness if history.measured else ()
    labels = next((check.labels for check in reversed(history.checks) if check.labels), None)
    return [
        ("Champion", _serving(history)),
        ("Learned up to", f"{learned:%Y-%m-%d}" if learned else DASH),
        ("Last check", f"{_moment(last.now)}, {last.window.rows:,} rows" if last else "never"),
        ("Drifted features", f"{share:.0%}" if share is not None else "not judged"),
        *([("Moved most", judged.moved.sentence())] if judged and judged.moved else []),
        ("Loss", history.new_champion or (_loss_in_words(history.measured or judged) if judged else "not judged")),
        *([("A month before", before)] if (before := month_before(history)) else []),
        *([("Drifted first", first)] if (first := drifted_first(history.checks)) else []),
        ("Retrains", f"{len(history.requests)}, {promoted} promoted" if history.requests else "none"),
        *_causes(history),
        *([("Slices", summary(history.measured.slices))] if history.measured and history.measured.slices else []),
        *([("Fairness", fairness_summary(gaps))] if gaps else []),
        *([("Promotion watch", judged.watch.sentence)] if judged and judged.watch else []),
        *([("Shadow", judged.shadow.sentence)] if judged and judged.shadow else []),
        *([("Labels", labels.sentence())] if labels else []),
    ]


def _serving(history: ModelHistory) -> str:
    if history.champion is None:
        return "none"
    since = serving_since(history)
    return f"version {history.champion}" + (f", since {_moment(since)}" if since else "")


def _causes(history: ModelHistory) -> list[tuple[str, str]]:
    """Return why the loss of the serving champion rose, and what to do."""
    measured = history.measured
    causes = measured.causes if measured and measured.champion == history.champion else None
    return [(name.capitalize(), text) for name, text in causes.lines] if causes else []


def _loss_in_words(check: Check) -> str:
    performance, guess = check.performance, check.estimated
    if performance is None and guess is not None and guess.applicable:
        return f"{guess.title} {number(guess.loss)}, estimated without labels"
    if performance is None:
        return "no labels yet"
    return f"{performance.title} {number(performance.loss)}, reference {number(performance.reference_loss)}"


def _slices(history: ModelHistory) -> list[tuple[SliceScore, str, str]]:
    """Return the slices of the newest check with labels, worse ones first, with their rise and metrics."""
    newest = next((check for check in reversed(history.checks) if check.slices), None)
    slices = newest.slices if newest else ()
    shown = sorted(slices, key=lambda one: (one.standing != "worse", -(one.rise or 0.0), one.name))
    return [(one, DASH if one.rise is None else f"{one.rise:+.0%}", slice_metrics(one)) for one in shown]


def _checks(shown: Sequence[Check]) -> list[tuple[Check, str, str]]:
    """Return each check with its loss and reference loss, both with the same number of decimals in all rows."""
    measured = [check.performance for check in shown]
    both = [(one.loss, one.reference_loss) if one else (None, None) for one in measured]
    losses = aligned([value for pair in both for value in pair], DASH)
    return list(zip(shown, losses[::2], losses[1::2], strict=True))


def _checks_remark(history: ModelHistory, shown: Sequence[Check]) -> str:
    total = len(history.checks) + history.older
    if total > len(shown):
        return f"newest {len(shown)} of {total:,}; all of them: driftloop history {history.model}"
    return f"{total:,}, newest first"


def _served(check: Check) -> str:
    before, after = check.champion, check.champion_after
    return f"{before or DASH} → {after}" if after and after != before else before or DASH


def _versions(history: ModelHistory, requests: Sequence[Request]) -> list[tuple[Request, Lineage | None, str, str]]:
    """Return each requested retrain with the version it became and the losses of champion and challenger."""
    by_number = {version.number: version for version in history.versions}
    ends = [request.retrain for request in requests]
    losses = aligned([value for end in ends for value in _losses(end)], DASH)
    versions = [by_number.get(end.version or "") if end else None for end in ends]
    return list(zip(requests, versions, losses[::2], losses[1::2], strict=True))


def _orphans(history: ModelHistory) -> list[Lineage]:
    """List the versions for which the ledger has no request."""
    known = {request.retrain.version for request in history.requests if request.retrain and request.retrain.version}
    return [version for version in history.versions if version.number not in known][:MOST_VERSIONS]


def _versions_remark(history: ModelHistory, requests: Sequence[Request]) -> str:
    remark = "loss on rows that neither has seen, newest first"
    if len(history.requests) > len(requests):
        return f"newest {len(requests)} of {len(history.requests):,}; {remark}"
    return remark


def _losses(end: Retrain | None) -> tuple[float | None, float | None]:
    return (end.champion_loss, end.challenger_loss) if end else (None, None)


def _moment(moment: datetime) -> str:
    """Write a moment without the midnight that daily checks share."""
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"
