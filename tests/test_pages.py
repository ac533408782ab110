"""Laws of all pages: text of the data remains text, and HTML is made by templates alone."""

from __future__ import annotations

import ast
import dataclasses
import re
import typing
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import driftloop
from driftloop.monitoring.records import (
    Check,
    ColumnScore,
    Estimate,
    Finding,
    Outcome,
    Performance,
    Probe,
    Retrain,
    SelfTest,
    Vote,
    Window,
)
from driftloop.monitoring.report.page import dress
from driftloop.pipelines.backtest.page import render as backtest_page
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.site import index_page, model_page
from driftloop.pipelines.site.heat_grid import cut
from driftloop.pipelines.site.history import ModelHistory
from tests import drawn
from tests.aging import aging, done
from tests.histories import START, history

ROOT = Path(__file__).resolve().parents[1]
# Shorter than the shortest place in which a text is cut.
ATTACKS = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "&amp;&lt;b&gt;&#39;",
    "{{ 7 * 7 }}{% endblock %}{# x #}",
    "</style></title></main><style>*{}",
    "</text></svg><!--<b>",
    '" class="limit" onclick="x',
]
# Values that are keys of the code, or of which the code takes a part.
KEYS = {"kind", "loss", "role"}
WEEK = Window(start=START, end=START + timedelta(days=7))


class Reader(HTMLParser):
    """What a browser reads in a page: tags, attributes and texts in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"<{tag}", *(f"{name}={value}" for name, value in attrs)]

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}")

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def filled(value: Any, text: str) -> Any:
    """The same value with this text in the place of every free text, at any depth."""
    if isinstance(value, BaseModel):
        return value.model_copy(update=_filled(type(value), dict(value), text))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **_filled(type(value), fields, text))
    return tuple(filled(item, text) for item in value) if isinstance(value, tuple) else value


def _filled(kind: type, fields: dict[str, Any], text: str) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    free = {name for name, hint in hints.items() if hint in {str, str | None} and name not in KEYS}
    return {name: text if name in free else filled(value, text) for name, value in fields.items()}


def whole_check() -> Check:
    """A check with every part that a report shows."""
    score: dict[str, Any] = {"kind": "numeric", "method": "psi", "score": 0.4, "threshold": 0.1, "drifted": True}
    loss = Performance(loss_name="mae", loss=2.5, low=2.2, high=2.8, rows=400, window=WEEK, reference_loss=2.0)
    test = SelfTest(passed=False, reason="no", estimated=1.0, realised=2.0, low=0.5, high=1.5, rows=9, skill=0.1)
    return drawn.check(
        outcome=Outcome.REJECTED, decision="retrain", drift_share=0.5, champion="6", champion_after="7", dry_run=True,
        report=None, mlflow_run_id="m", prefect_flow_run_id="p", performance=loss, baseline=loss,
        columns=tuple(ColumnScore(name=role, role=role, **score) for role in ("feature", "prediction", "target")),
        votes=(Vote(policy="x", vote="fire", observed=0.5, threshold=0.2, reason="half"),),
        findings=(Finding(code="nulls", severity="warning", message="nulls", column="fare"),),
        estimated=Estimate(
            method="dle", loss_name="mae", loss=4.2, low=4.0, high=4.5, rows=9, reference_loss=2.0, applicable=False,
            reason="why", self_test=test,
        ),
        probe=Probe(champion_loss=3.0, probe_loss=2.5, handicap=0.2, gap=0.7, rows=840),
        retrain=Retrain(
            request_id="r", code="better", version="7", promoted=False, champion_loss=2.5, challenger_loss=2.1,
            reason="so",
        ),
    )  # fmt: skip


def model(messages: ModelHistory, text: str) -> ModelHistory:
    versions = tuple(dataclasses.replace(one, loss=f"mae={text}") for one in messages.versions)
    return dataclasses.replace(filled(messages, text), versions=filled(versions, text), links={text: "r.html"})


@pytest.fixture(scope="module")
def study() -> Study:
    return done(aging(seed=1))


@pytest.fixture(scope="module")
def pages(study: Study) -> dict[str, Callable[[str], str]]:
    """Every page of the product, as a function of the text that its data contains."""
    record = history(61)
    line = index_page.line_of(record)
    return {
        "report": lambda text: dress("", filled(whole_check(), text)),
        "report over plots": lambda text: dress(
            "<html><head></head><body>plots</body></html>", filled(whole_check(), text)
        ),
        "notebook": lambda text: driftloop.CheckResult(**dict(filled(whole_check(), text), report=None))._repr_html_(),
        "model": lambda text: model_page.render(model(record, text)),
        "index": lambda text: index_page.render([filled(line, text)], START),
        "backtest": lambda text: backtest_page(filled(study, text)),
    }


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ["report", "report over plots", "model", "index", "backtest"])
def test_text_of_the_data_remains_text(name: str, attack: str, pages: dict[str, Callable[[str], str]]) -> None:
    """A browser reads the same page as with a harmless text of the same length, with the attack in its place."""
    harmless = "x" * len(attack)
    read = Reader(pages[name](attack)).found
    expected = Reader(pages[name](harmless)).found
    assert [_with(part, attack, harmless) for part in read] == expected
    assert sum(attack in part for part in read) >= 5, "it is shown"


def _with(part: str, attack: str, harmless: str) -> str:
    """Return a text with another text in place of an attack, which narrow places show without its middle."""
    for most in range(len(attack), 4, -1):
        part = part.replace(cut(attack, most), cut(harmless, most))
    return part


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_notebook_shows_the_page_in_a_frame(attack: str, pages: dict[str, Callable[[str], str]]) -> None:
    """The whole page is the text of one attribute."""
    read = Reader(pages["notebook"](attack)).found
    assert (read[0], read[-1]) == ("<iframe", "</iframe")
    assert read[1] == f"srcdoc={pages['report'](attack)}"


TAGS = "a|b|body|br|circle|code|dd|details|div|dl|dt|em|figure|g|h[1-6]|head|html|i|iframe|img|li|line|main|nav|ol|p"
TAGS += (
    "|path|pre|rect|script|section|small|span|strong|style|summary|svg|table|tbody|td|text|th|thead|title|tr|tspan|ul"
)
MARKUP = re.compile(rf"</?({TAGS})(\s+[a-z-]+=|\s*/?>)")
# Places at which the verdict is put into a page that Evidently drew.
PLACES = {"<head>", "<body>", "<title>[^<]*</title>", '<main id="driftloop">\n', "</main>\n"}


# Exchanges the script of a page that Evidently drew for a reference to it.
SCRIPTS = "monitoring/report/shared_script.py"


def test_html_is_made_by_templates_and_escaping_formats_alone() -> None:
    """Outside of `Markup(...)`, whose `format` escapes, no text of the code contains a tag; nor is anything escaped."""
    strays = []
    for file in sorted(path for half in ("monitoring", "pipelines") for path in (ROOT / half).rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        ours = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup"
            for part in ast.walk(node.args[0] if node.args else node)
        }
        ours |= {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        strays += [
            f"{file.relative_to(ROOT)}:{node.lineno}: {node.value[:40]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and str(file.relative_to(ROOT)) != SCRIPTS
            and id(node) not in ours
            and MARKUP.search(node.value)
            and node.value not in PLACES
        ]
    assert strays == []


def test_no_template_turns_escaping_off() -> None:
    """No filter and no block of a template inserts a value as it is."""
    templates = [path for half in ("monitoring", "pipelines") for path in (ROOT / half).rglob("*.html.j2")]
    assert len(templates) > 8
    assert [path.name for path in templates if re.search(r"\|\s*safe|autoescape", path.read_text("utf-8"))] == []


def test_every_page_is_styled_within_itself(pages: dict[str, Callable[[str], str]]) -> None:
    """No page loads a style, a script or an image, and each has the policy that forbids it."""
    for name, page in pages.items():
        if name != "notebook":
            html = page("x")
            assert "default-src 'none'" in html, name
            assert not re.search(r"\ssrc=|<link|@import|url\(|<script", html), name
