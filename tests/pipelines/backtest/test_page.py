"""The page of a backtest: every figure of the study is on it, nothing of the data runs in it, two widths are drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from driftloop.pipelines.backtest.history import KeptModel, Ranked
from driftloop.pipelines.backtest.page import render
from driftloop.pipelines.backtest.study import Study
from tests.aging import aging, done
from tests.browser import dump, needs_browser

ATTACK = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


@pytest.fixture(scope="module")
def study() -> Study:
    return done(aging(seed=1))


def test_no_point_leaves_its_drawing(study: Study) -> None:
    """Whatever the figures, also an interval without end and a loss that never moves, every mark is inside."""
    odd = study.standings[0].model_copy(update={"low": float("-inf"), "high": float("inf")})
    flat = done(aging(rate=0.0))
    for one in (study, study.model_copy(update={"standings": (odd, *study.standings[1:])}), flat):
        for drawing in re.findall(r"<svg.*?</svg>", render(one), re.DOTALL):
            width = float(re.findall(r'viewBox="0 0 ([0-9.]+)', drawing)[0])
            places = [float(x) for x in re.findall(r' c?x[12]?="([^"]+)"', drawing)]
            assert all(-1 <= place <= width + 1 for place in places)
            assert "nan" not in drawing
            assert "inf" not in re.sub(r"-inf%? to inf%?", "", drawing)


def test_the_page_is_self_contained_and_states_what_to_do(study: Study) -> None:
    """The verdict, the block to paste, every figure; no address, no script, a policy that forbids both."""
    page = render(study)
    assert "Recommended: " in page
    assert "<pre>policies:\n  triggers:\n    - {policy: " in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for one in study.standings:
        assert page.count(f"{one.regret:.1f}%") >= 2
    kept = study.model_copy(update={"recommendation": None})
    assert "Nothing is recommended" in render(kept)


def test_models_kept_for_the_archive_are_listed_by_rank(study: Study) -> None:
    """Rank, version and losses of each; what was not kept is last, with its reason as text; no section without any."""
    ends = [window.end for window in study.windows]
    made = study.model_copy(
        update={
            "history_models": (
                Ranked(end=ends[3], batches=5, loss=1.0421),
                Ranked(end=ends[1], batches=7, loss=None),
                Ranked(end=ends[2], batches=6, loss=3.5),
            ),
            "kept_models": (
                KeptModel(end=ends[2], reason=f"too few rows {ATTACK}"),
                KeptModel(end=ends[1], version="8", rank=2),
                KeptModel(end=ends[3], version="7", rank=1, trained=True),
            ),
        }
    )
    page = render(made)
    section = page[page.index("Kept for the archive") : page.index("Notes</")]
    places = [section.index(text) for text in (">7<", ">8<", "too few rows")]
    assert places == sorted(places)
    assert "1.04" in section
    assert "trained now" in section
    assert "from an earlier backtest" in section
    assert "<img" not in section
    assert "Kept for the archive" not in render(study)


@needs_browser
def test_in_a_browser_nothing_of_the_data_runs(study: Study, tmp_path: Path) -> None:
    """Names and notes that are attacks are there as text, in Chromium, and the drawings are in the document."""
    hostile = study.standings[0].model_copy(update={"name": ATTACK})
    page = tmp_path / "page.html"
    bad = study.model_copy(
        update={"standings": (hostile, *study.standings[1:]), "notes": (ATTACK,), "loss_name": ATTACK}
    )
    page.write_text(render(bad), "utf-8")
    document = dump(page, tmp_path)
    assert "<title>shop: backtest</title>" in document
    assert "<img" not in document
    assert document.count("<svg") == 6 + len(study.signals)
    assert "&lt;img src=x" in document
