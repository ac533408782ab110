"""The script of the pages is stored once: a page on disk refers to it, and a page that leaves has it again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.report import measure, renew_report, write_report
from driftloop.monitoring.report.shared_script import MARK, detached, whole
from tests.browser import dump, needs_browser
from tests.drawn import check, column_of


@pytest.fixture(scope="module")
def page() -> str:
    """A page that Evidently drew, with one column."""
    generator = np.random.default_rng(0)
    sides = [pd.DataFrame({"x": generator.normal(shift, 1, 300)}) for shift in (0, 1)]
    return measure(sides[0], sides[1], [column_of("x", method="evidently:ks")], Drift()).page


def test_pages_share_one_script(page: str, tmp_path: Path) -> None:
    """Two pages of a state folder are small and refer to one file; the whole page is that of a single file."""
    scripts = tmp_path / "reports" / "_scripts"
    files = [tmp_path / "reports" / model / "page.html" for model in ("a", "b")]
    for file in files:
        write_report(page, check(), file, scripts)
        assert file.stat().st_size < 0.5e6
    (script,) = scripts.iterdir()
    assert script.stat().st_size > 3e6
    write_report(page, check(), tmp_path / "alone.html")
    assert whole(files[0].read_text(), files[0]) == (tmp_path / "alone.html").read_text()
    assert whole(detached(page)) == page
    assert MARK in detached(page)
    assert renew_report(files[0], check(reason="the final outcome"))
    assert "the final outcome" in whole(files[0].read_text(), files[0])
    script.unlink()
    assert whole(files[0].read_text(), files[0]) == files[0].read_text()


@pytest.mark.parametrize("drawn", [True, False])
def test_a_page_in_the_state_folder_leads_back_to_its_model(page: str, tmp_path: Path, drawn: bool) -> None:
    """By a relative link that a new verdict keeps; a copy elsewhere has none, and is as one that never had it."""
    site = tmp_path / "site" / "models" / "a.html"
    file, alone = tmp_path / "reports" / "a" / "page.html", tmp_path / "alone.html"
    write_report(page if drawn else "", check(), file, tmp_path / "reports" / "_scripts", site)
    write_report(page if drawn else "", check(), alone)
    text = file.read_text()
    assert text.count('<nav class="back"><a href="../../site/models/a.html">All checks of taxi</a></nav>') == 1
    assert whole(text, file) == alone.read_text()
    assert renew_report(file, check(reason="the final outcome"))
    assert 'href="../../site/models/a.html"' in file.read_text()
    assert "the final outcome" in file.read_text()


@needs_browser
def test_a_browser_draws_a_page_with_the_shared_script(page: str, tmp_path: Path) -> None:
    """From disk, under the policy of the page, which still allows no other host."""
    file = tmp_path / "reports" / "made" / "page.html"
    write_report(page, check(), file, tmp_path / "reports" / "_scripts")
    dom = dump(file, tmp_path)
    assert "js-plotly-plot" in dom
    assert "default-src 'none'; script-src 'self' 'unsafe-inline'" in dom
