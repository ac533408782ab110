"""Verdict at the top of the report: self-contained HTML and CSS, without scripts and independent of Evidently."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from driftloop.monitoring.drift.methods import direction, strain
from driftloop.monitoring.policies import POLICIES
from driftloop.monitoring.presentation.markup import OUTCOMES, SLICES, linked, number, slice_metrics
from driftloop.monitoring.presentation.standing import WORSE, format_loss, remains_worse
from driftloop.monitoring.presentation.templating import render
from driftloop.monitoring.records import (
    DASH,
    Causes,
    Check,
    ColumnScore,
    Estimate,
    FairnessGap,
    Performance,
    SliceScore,
    Vote,
    drift_summary,
    fairness_summary,
    multiple,
    summary,
)
from driftloop.monitoring.records.causes import ACTIONS
from driftloop.monitoring.report import metrics
from driftloop.monitoring.report.explanations import explained
from driftloop.monitoring.report.shared_script import BACK

# Places in a page that Evidently drew, or in one of ours that was written before.
HEAD, BODY = "<head>", "<body>"
TITLE = re.compile("<title>[^<]*</title>")
TOP, BOTTOM = '<main id="driftloop">\n', "</main>\n"
SHEETS = ("presentation/style.css",)
# The bar of a column is full at this multiple of its threshold.
FULL = 4.0


@dataclass(frozen=True)
class Line:
    """One line of the table of columns: the score, its multiple of the threshold as text and as percent of the bar."""

    score: ColumnScore
    ratio: str
    part: int
    below: bool


def dress(page: str, check: Check, back: str | None = None) -> str:
    """Return a page with the verdict at the top, a title, and a policy that forbids network access.

    An empty page becomes the verdict alone. `back` is the address of the model's page, relative to this one.
    """
    head: dict[str, Any] = {"title": _title(check), "sheets": SHEETS}
    if not page:
        return render("report/page.html.j2", **head, **_values(check, plots=False, back=back))
    page = _after(HEAD, "\n" + render("presentation/head.html.j2", **head), page)
    return _after(BODY, "\n" + verdict(check, True, back), page)


def _after(place: str, addition: str, page: str) -> str:
    return page.replace(place, place + addition, 1)


def redress(page: str, check: Check) -> str | None:
    """Replace the verdict at the top of a page by a later one of the same check; None where the page has no verdict."""
    start = page.find(TOP)
    end = page.find(BOTTOM, start)
    if start < 0 or end < 0:
        return None
    # Text is escaped, so the first end after the beginning is the verdict's, regardless of the data.
    plots, back = 'class="follows"' in page[start:end], BACK.search(page, start, end)
    title = Markup("<title>{}</title>").format(_title(check))
    head = TITLE.sub(lambda _: title, page[:start], count=1)
    return head + verdict(check, plots, back[1] if back else None) + page[end + len(BOTTOM) :]


def verdict(check: Check, plots_follow: bool = False, back: str | None = None) -> str:
    """Write the whole result of a check as one block of HTML; every text in it is escaped."""
    return render("report/verdict.html.j2", **_values(check, plots=plots_follow, back=back))


def _values(check: Check, *, plots: bool, back: str | None) -> dict[str, Any]:
    """Return the values for the template of the verdict."""
    features = [score for score in check.columns if score.role == "feature"]
    others = len(check.columns) - len(features)
    drifted = sum(score.drifted for score in check.columns)
    return {
        **metrics.values(check),
        "columns": _lines(check.columns),
        "check": check,
        "plots": plots,
        "back": back,
        "worse": remains_worse(check),
        "loss_as_text": format_loss,
        "interval": _interval,
        "facts": _facts(check, features),
        "standing": _standing(check.performance) if check.performance else None,
        "losses": _losses(check),
        "causes": _causes(check.causes),
        "slices": _slices(check),
        "slices_remark": summary(check.slices, most=0),
        "slice_badges": SLICES,
        "fairness_groups": _groups,
        "fairness_remark": fairness_summary(check.fairness, most=0),
        "slice_metrics": slice_metrics,
        "slice_drift": sorted(check.slice_drift, key=lambda each: (not each.drifted, -each.score, each.name)),
        "slice_drift_remark": drift_summary(check.slice_drift, most=0) + ", on samples of the rows",
        "votes": [(vote, *_measured(vote)) for vote in check.votes],
        "columns_remark": f"{drifted} of {len(check.columns)} drifted"
        + (", prediction and target included" if others else "")
        + "; ordered by score / threshold",
        "outcome_explained": explained("outcomes", check.outcome.value),
        "retrain_explained": explained("retrains", check.retrain.code) if check.retrain else None,
        "findings_explained": {finding.code: explained("findings", finding.code) for finding in check.findings},
        "ids": [
            (name, value)
            for name, value in (
                ("Check", check.check_id),
                ("MLflow run", linked(check.mlflow_run_id, check.mlflow_url)),
                ("Prefect flow run", linked(check.prefect_flow_run_id, check.prefect_url)),
                ("Evidently snapshot", linked(check.snapshot, check.snapshot)),
            )
            if value
        ],
    }


def _causes(causes: Causes | None) -> dict[str, Any] | None:
    """Return the texts of the section on the causes: lines, and splits as cells of a table; None without causes."""
    if causes is None:
        return None
    whole = [] if causes.split is None else [("all rows", "", causes.split)]
    parts = [(each.name, f"{each.share:.0%} of the rows", each) for each in causes.slices]
    parts += [(each.name, "by this column alone", each) for each in causes.features]
    cures = causes.advice.cures if causes.advice else ()
    return {
        "lines": causes.lines,
        "splits": [
            (name, remark, str(one.rise), str(one.harder), str(one.changed)) for name, remark, one in (*whole, *parts)
        ],
        "remark": f"{causes.rows:,} labeled rows compared with {causes.reference_rows:,} held-out rows of the champion",
        "broken": [f"{each.message}: the loss rises by {each.rise}" for each in causes.broken],
        "cures": [f"{ACTIONS[cure.action]}: {cure.message}" for cure in cures],
    }


def _groups(gap: FairnessGap) -> str:
    """Return the rates of the groups as text, with the reason of a group that was not measured."""
    found = (
        f"{one.group} {number(one.value)} ({one.rows:,})" if one.value is not None else f"{one.group}: {one.reason}"
        for one in gap.groups
    )
    return "; ".join(found)


def _title(check: Check) -> str:
    return f"{check.model}: {OUTCOMES[check.outcome][1].lower()}"


def _facts(check: Check, features: Sequence[ColumnScore]) -> list[tuple[str, str]]:
    champion = check.champion or "none"
    if check.champion_after and check.champion_after != check.champion:
        champion = f"{champion} → {check.champion_after}"
    share = "not judged" if check.drift_share is None else f"{check.drift_share:.0%}"
    if check.drift_share is not None and features:
        share += f" ({sum(score.drifted for score in features)} of {len(features)})"
    facts = [
        ("Window", f"{check.window.start:%Y-%m-%d %H:%M} to {check.window.end:%Y-%m-%d %H:%M} UTC"),
        ("Rows", f"{check.window.rows:,}"),
        ("Champion", champion),
        ("Decision", (check.decision or "none").replace("_", " ")),
        ("Drifted features", share),
        *([("Drift", check.drift_basis.sentence())] if check.drift_basis else []),
        *([("Counted", check.counting.sentence())] if check.counting else []),
        *[("Table", table.sentence()) for table in check.tables],
        *([("Moved most", check.moved.sentence())] if check.moved else []),
        ("Checked at", f"{check.now:%Y-%m-%d %H:%M} UTC"),
    ]
    facts += [("Promotion watch", check.watch.sentence)] if check.watch is not None else []
    facts += [("Shadow", check.shadow.sentence)] if check.shadow is not None else []
    return facts if check.labels is None else [*facts, ("Labels", check.labels.sentence())]


def _interval(result: Performance | Estimate | SliceScore) -> str:
    return f"95% CI {number(result.low)} to {number(result.high)}"


def _standing(measured: Performance) -> tuple[str, str]:
    """Return tone and text of the badge that compares a loss with its reference."""
    if measured.standing == "worse":
        return "warn", WORSE
    if measured.loss > measured.reference_loss:
        return "quiet", "not significantly worse than the reference"
    return "good", "not worse than the reference"


def _slices(check: Check) -> list[SliceScore]:
    """Return worse slices first, then the others by their rise; those that were not judged last."""
    rank = {"worse": 0, "well": 1, "no_reference": 2, "too_few_rows": 3}
    rise = {id(each): -math.inf if each.rise is None else each.rise for each in check.slices}
    return sorted(check.slices, key=lambda each: (rank[each.standing], -rise[id(each)], each.name))


def _losses(check: Check) -> str:
    ends = check.retrain
    both = (("champion", ends.champion_loss), ("challenger", ends.challenger_loss)) if ends else ()
    return ", ".join(f"{name} {number(loss)}" for name, loss in both if loss is not None)


def _measured(vote: Vote) -> tuple[str, str]:
    """Return observed value and limit of a vote, in percent if the policy compares shares, as in its reason."""
    policy = POLICIES.get(vote.policy)
    if policy is None or not policy.in_percent:
        return number(vote.observed), number(vote.threshold)
    observed = DASH if vote.observed is None or math.isnan(vote.observed) else f"{vote.observed:.1%}"
    return observed, DASH if vote.threshold is None else f"{100 * vote.threshold:.4g}%"


def _lines(scores: Sequence[ColumnScore]) -> list[Line]:
    ordered = sorted(scores, key=lambda score: (not score.drifted, -strain(score), score.name))
    return [
        Line(score, multiple(ratio), _part(ratio), direction(score.method) == "lower")
        for score in ordered
        for ratio in (strain(score),)
    ]


def _part(ratio: float) -> int:
    return 0 if math.isnan(ratio) else round(100 * min(ratio / FULL, 1.0))
