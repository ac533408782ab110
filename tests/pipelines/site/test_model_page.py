"""A model's page shows everything that is known, escapes it, and stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from driftloop.monitoring.records import DASH, Estimate, MetricValue
from driftloop.pipelines.site import index_page, model_page
from driftloop.pipelines.site.history import Lineage
from driftloop.pipelines.site.index_page import line_of
from tests.browser import dump, needs_browser
from tests.histories import START, history

ATTACK = "</title></script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"


def words(page: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_checks_and_versions_are_reported_with_their_lineage() -> None:
    """Each check has verdict, numbers, reason and a link to its report; each version who asked and its data."""
    record = history(61)
    page = model_page.render(record)
    assert page.count('id="c-') == 61
    assert 'href="../../reports/c59.html"' in page
    assert 'href="#c-c40"' in page
    message = words(page)
    for part in (
        "reason 59",
        "Steady",
        "Held back",
        "Challenger promoted",
        "mae 2.25 against 3.5",
        "champion",
        "previous",
    ):
        assert part in message, part
    assert f"2025-01-02 {DASH} 2025-05-02" in message, "what the champion learned from"
    assert "OOM" in message, "why a training failed"


def test_the_legend_names_what_the_chart_contains() -> None:
    """Every mark, line and color of the drawing has an entry with the same class, and no entry is without one."""
    record = history(61)
    guess = Estimate(method="dle", loss_name="mae", loss=4.2, rows=9, reference_loss=2.8, applicable=True, reason="")
    estimated = replace(record, checks=tuple(one.model_copy(update={"estimated": guess}) for one in record.checks))
    for shown in (record, estimated, replace(record, requests=(), moves=())):
        page = model_page.render(shown)
        legends = "".join(re.findall(r'<ul class="legend">.*?</ul>', page, re.DOTALL))
        drawing = "".join(re.findall(r'<svg class="chart.*?</svg>', page, re.DOTALL))
        # Hit areas are invisible; versions alternate in color; a line and the area under it have one entry.
        plain = {"hit", "reign1", "drift area", "ground"}
        named, found = (
            {kind.replace("band", "whisker") for kind in re.findall(r'<(?:rect|path) class="([^"]+)"', part)} - plain
            for part in (legends, drawing)
        )
        assert named == found
    assert "loss estimated without labels" in model_page.render(estimated)
    assert "loss estimated without labels" not in model_page.render(record)


def test_the_page_of_a_long_life_is_bounded() -> None:
    """A thousand checks with long reasons make a page below a megabyte that states what it leaves out."""
    page = model_page.render(replace(history(1000, reason="because " * 400), older=500))
    assert len(page) < 1_000_000
    assert f"newest {model_page.MOST_ROWS} of 1,500" in page


def test_a_model_that_was_never_checked_has_a_page() -> None:
    """A version that someone else registered is shown; the rest states that there is nothing yet."""
    page = model_page.render(
        replace(history(1), checks=(), requests=(), versions=(Lineage("1", gate_reason="by hand"),))
    )
    assert "No check has finished yet" in page
    assert "by hand" in page
    assert "<th>Verdict" not in page


@needs_browser
def test_nothing_of_the_data_runs(tmp_path: Path) -> None:
    """No name, version, reason or error runs in a real browser, on a model's page or on the index."""
    record = history(61, model=ATTACK, reason=ATTACK)
    checks = tuple(
        one.model_copy(update={"champion": ATTACK, "check_id": ATTACK + one.check_id}) for one in record.checks
    )
    hostile = replace(record, checks=checks, links={checks[-1].check_id: f"javascript:{ATTACK}"})
    (tmp_path / "model.html").write_text(model_page.render(hostile))
    (tmp_path / "index.html").write_text(index_page.render([line_of(hostile)], START))
    for name in ("model", "index"):
        dom = dump(tmp_path / f"{name}.html", tmp_path)
        assert "<title>pwned</title>" not in dom
        assert 'src="x"' not in dom
        assert "document.title" in dom, "it is shown as text"


@needs_browser
def test_nothing_is_wider_than_the_screen(tmp_path: Path) -> None:
    """On a phone and on a laptop the page itself never scrolls sideways, however long a name or a reason is."""
    record = history(61, model="a-name-without-an-end-" * 4, reason="a_reason_without_a_space_" * 30)
    (tmp_path / "model.html").write_text(model_page.render(record))
    (tmp_path / "index.html").write_text(index_page.render([line_of(record)] * 50, START))
    # A headless window is not narrower than 500 px, so the page is measured in a frame.
    probe = (
        "<body><p id=r></p><script>onload=()=>{r.textContent=[...document.querySelectorAll('iframe')].map(f=>"
        "f.contentDocument.documentElement.scrollWidth<=f.clientWidth).join()}</script>"
    )
    frames = "".join(
        f"<iframe src={name}.html style='width:{width}px;height:900px;border:0'></iframe>"
        for name in ("model", "index")
        for width in (390, 1280)
    )
    (tmp_path / "probe.html").write_text(frames + probe)
    dom = dump(tmp_path / "probe.html", tmp_path, "--allow-file-access-from-files")
    assert ">true,true,true,true</p>" in dom


def metric(value: float | None, **more: object) -> MetricValue:
    known: dict[str, object] = {"metric": "roc_auc", "better": "higher", "value": value, "rows": 900, "reference": 0.8}
    return MetricValue.model_validate(known | more)


def with_metrics(*of_checks: tuple[MetricValue, ...]) -> str:
    made = history(len(of_checks))
    checks = [one.model_copy(update={"metrics": some}) for one, some in zip(made.checks, of_checks, strict=True)]
    return model_page.render(replace(made, checks=tuple(checks)))


def test_metrics_are_shown_with_interval_reference_and_shape() -> None:
    """The newest check with metrics counts: value, interval, reference, a drawing of all values, what is worse."""
    worse = metric(0.72, low=0.7, high=0.74)
    page = with_metrics((metric(0.81),), (metric(0.8),), (worse,), ())
    shown = words(page)
    assert "roc_auc 0.72 (95% CI 0.7 to 0.74) reference 0.8 worse" in shown
    assert "roc_auc at 3 checks, " in page
    assert 'class="metric"' in page.split("<h2>Metrics <small>")[1].split("</section>")[0]
    assert "worse" in words(page.split("<h2>Metrics <small>")[1].split("</section>")[0])
    assert "worse" not in words(with_metrics((metric(0.81, low=0.7, high=0.9),)).split("<h2>Metrics <small>")[1])[:200]


def test_a_metric_without_a_value_gives_the_reason_and_names_are_escaped() -> None:
    """One class has no curve: the reason is in its line; a class named like markup stays text."""
    page = with_metrics((metric(None, reason=f"all 9 labels are {ATTACK!r}", reference=None),))
    assert "all 9 labels are" in words(page)
    assert ATTACK not in page
    assert "<h2>Metrics <small>" not in with_metrics((), ())
