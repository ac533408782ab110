"""Page of a comparison of two windows: both sides, distributions of the columns that differ most, and all scores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.records import DASH, multiple
from driftloop.monitoring.report.histograms import Bin
from driftloop.pipelines.operations.comparisons import Side, WindowComparison
from driftloop.pipelines.operations.pairs import change, sentence
from driftloop.pipelines.runtime import pages

SHEETS = ("presentation/style.css", "site/style.css", "operations/comparison.css")
WIDTH, HEIGHT = 300, 76
# Columns whose distributions are drawn; the table has all of them.
MOST_DRAWN = 60


def render(found: WindowComparison, site: str | None = None) -> str:
    """Return the whole page; every text in it is escaped, and it loads nothing. `site` leads to the model's page."""
    return pages.render(
        "operations/comparison.html.j2",
        title=f"{found.model}: two windows",
        sheets=SHEETS,
        found=found,
        site=site,
        sentence=sentence(found),
        sides=[(side, _facts(side)) for side in (found.earlier, found.later)],
        columns=[(pair, multiple(strain(pair.score)), *change(pair)) for pair in found.columns],
        drawn=[(pair, histogram(pair.bins, pair.score.name)) for pair in found.columns[:MOST_DRAWN] if pair.bins],
        undrawn=max(len(found.columns) - MOST_DRAWN, 0),
    )


def write(file: Path, model: str, render: Callable[[str], str]) -> None:
    """Write the page of a comparison, whole or not at all; `render` gets the link to the model's page."""
    from driftloop.pipelines.site.writing import page_of

    pages.write(file, render(quote(os.path.relpath(page_of(model), file.parent))))


def _facts(side: Side) -> list[tuple[str, str]]:
    facts = [("Rows", f"{side.rows:,}")]
    if side.check_id is None:
        return [*facts, ("Check", "no check of exactly these rows")]
    facts.append(("Champion", side.champion or "none"))
    facts.append(("Drifted features at its check", DASH if side.drift_share is None else f"{side.drift_share:.0%}"))
    loss = "no labels at its check" if side.loss is None else f"{side.loss_name} {number(side.loss)}"
    return [*facts, ("Loss at its check", loss)]


def histogram(bins: Sequence[Bin], name: str) -> Markup:
    """Draw the shares of both sides in each bin: the earlier one as an area, the later one as a line of steps."""
    top = max(max(one.earlier, one.later) for one in bins) or 1.0
    wide = WIDTH / len(bins)
    parts = []
    for at, one in enumerate(bins):
        x, tall = round(at * wide, 1), round(one.earlier / top * HEIGHT, 1)
        parts.append(
            Markup('<rect class="before" x="{}" y="{}" width="{}" height="{}"/>').format(
                x, round(HEIGHT - tall, 1), round(max(wide - 1, 0.5), 1), tall
            )
        )
    steps = [(at * wide, HEIGHT - one.later / top * HEIGHT) for at, one in enumerate(bins)]
    path = "".join(f"{'M' if at == 0 else 'L'}{x:.1f} {y:.1f}H{x + wide:.1f}" for at, (x, y) in enumerate(steps))
    parts.append(Markup('<path class="after" d="{}"/>').format(path))
    for at, one in enumerate(bins):
        text = f"{one.name}: {one.earlier:.1%} earlier, {one.later:.1%} later"
        parts.append(
            Markup('<rect class="hit" x="{}" y="0" width="{}" height="{}"><title>{}</title></rect>').format(
                round(at * wide, 1), round(wide, 1), HEIGHT, text
            )
        )
    ends = Markup('<text x="0" y="{}">{}</text><text class="end" x="{}" y="{}">{}</text>').format(
        HEIGHT + 14, _short(bins[0].name.split(" to ")[0]), WIDTH, HEIGHT + 14, _short(bins[-1].name.split(" to ")[-1])
    )
    return Markup('<svg class="both" viewBox="0 -2 {} {}" role="img" aria-label="Distribution of {}">{}</svg>').format(
        WIDTH, HEIGHT + 20, name, Markup("").join(parts) + ends
    )


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
