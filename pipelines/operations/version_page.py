"""Page of a comparison of two versions: what differs, one table per section."""

from __future__ import annotations

from driftloop.pipelines.operations.comparison_page import SHEETS
from driftloop.pipelines.operations.version_comparison import VersionComparison
from driftloop.pipelines.operations.version_pairs import VERDICTS, sections, sentence
from driftloop.pipelines.runtime import pages


def render(found: VersionComparison, site: str | None = None) -> str:
    """Return the whole page; every text in it is escaped, and it loads nothing. `site` leads to the model's page."""
    return pages.render(
        "operations/version_comparison.html.j2",
        title=f"{found.model}: versions {found.first.version} and {found.second.version}",
        sheets=SHEETS,
        found=found,
        site=site,
        sentence=sentence(found),
        sections=sections(found),
        verdicts=VERDICTS,
    )
