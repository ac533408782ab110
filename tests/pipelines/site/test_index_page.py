"""The index shows every model on one line, those that need a look first."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.site import model_page
from driftloop.pipelines.site.history import Lineage, Mark, ModelHistory
from driftloop.pipelines.site.index_page import ModelLine, line_of, render
from tests.browser import dump, needs_browser
from tests.histories import START, check, history, request_of, retrained


def test_what_needs_a_look_comes_first() -> None:
    """Failures are above what was held back, that above what is steady, and names order the rest."""
    outcomes = {"d": Outcome.STEADY, "b": Outcome.HELD, "a": Outcome.STEADY, "c": Outcome.FAILED}
    page = render([ModelLine(model=model, outcome=outcome) for model, outcome in outcomes.items()], START)
    assert re.findall(r'href="models/(\w)\.html"', page) == ["c", "b", "a", "d"]
    assert "4 models · 1 failed or with bad data · 1 worse, held back, rejected or waiting · 2 steady" in page


def test_a_line_sums_up_a_history() -> None:
    """Verdict, champion, newest numbers and the last training of a history are in its line, which survives JSON."""
    record = history(61)
    line = line_of(record)
    assert line.champion == record.champion
    assert line.loss[-1] == record.judged[-1].performance.loss
    assert (line.last_training, line.last_training_end) == (record.checks[60].now, "rejected")
    assert ModelLine.model_validate_json(line.model_dump_json()) == line
    assert line_of(history(1)).loss == ()


def test_a_loss_worse_than_the_reference_is_amber_whatever_was_decided() -> None:
    """A steady model that does worse is among those that need a look, with the name of it."""
    lines = [ModelLine(model="a", outcome=Outcome.STEADY), ModelLine(model="b", outcome="steady", standing="worse")]
    page = render(lines, START)
    assert re.findall(r'href="models/(\w)\.html"', page) == ["b", "a"]
    assert '<span class="badge warn">Steady</span> <span class="badge warn">loss is worse</span>' in page
    assert "1 worse, held back, rejected or waiting · 1 steady" in page


def test_a_new_champion_has_its_own_loss() -> None:
    """That of its gate, with the loss of the version before it named as such; once measured, the measured one."""
    before, asked = check(0), retrained(1, promoted=True, champion="1", version="2")
    result = ModelHistory("taxi", START, checks=(before, asked), requests=(request_of(asked),))
    line = line_of(result)
    old = asked.performance.loss
    assert line.new_champion == f"version 2 at the gate: mae 2.25 (loss of version 1: {old:.3g})"
    page = render([line], START)
    assert "<b>mae 2.25</b>" in page
    assert f"<small>at the gate; loss of version 1: {old:.3g}</small>" in page
    assert line.new_champion in model_page.render(result)
    measured = line_of(replace(result, checks=(before, asked, check(2, champion="2"))))
    assert (measured.new_champion, measured.gate_loss) == ("", None)


def test_a_promotion_that_was_rolled_back_is_shown_as_such() -> None:
    """On the index and on the page, next to the verdict and as the end of the training."""
    asked = retrained(1, promoted=True, champion="1", version="2")
    back = Mark(asked.now, "rolled_back", "by hand", version="1", left="2")
    versions = (Lineage("2", alias="previous"), Lineage("1", alias="champion"))
    checked = ModelHistory("taxi", START, checks=(check(0), asked), requests=(request_of(asked),), versions=versions)
    assert (line_of(checked).undone, line_of(checked).last_training_end) == (None, "promoted")
    checked = replace(checked, moves=(back,))
    line = line_of(checked)
    assert (line.undone, line.last_training_end, line.new_champion) == ("rolled_back", "rolled_back", "")
    for page in (render([line], START), model_page.render(checked)):
        assert '<span class="badge warn">rolled back</span>' in page


def test_an_empty_index_states_how_to_begin() -> None:
    """Without a model there is no empty table but the first command."""
    page = render([], START)
    assert "driftloop init" in page
    assert "<table" not in page


def models(count: int) -> str:
    names = (f"{('taxi', 'bikes')[at % 2]}-{at:03}" for at in range(count))
    return render([ModelLine(model=name, outcome="steady", reason="all is well") for name in names], START)


def test_a_few_models_need_no_filter() -> None:
    """The page of a few has no script at all, that of many has one, which is the same on every page."""
    assert "<script" not in models(7)
    assert models(8).count("<script") == 1
    assert re.findall("<script>.*?</script>", models(8), re.DOTALL) == re.findall(
        "<script>.*?</script>", models(900), re.DOTALL
    )


@needs_browser
def test_one_of_a_thousand_is_found(tmp_path: Path) -> None:
    """Each word has to be in the line of a model; the words are read from the address."""
    page = tmp_path / "index.html"
    page.write_text(models(1000), "utf-8")
    dom = dump(page, tmp_path, fragment="#TAXI%2012%20well")
    shown = re.findall(r"<tr>\s*<td[^>]*>.*?models/([a-z]+-[0-9]+)\.html", dom, re.DOTALL)
    expected = [f"taxi-{at:03}" for at in range(0, 1000, 2) if "12" in f"{at:03}"]
    assert sorted(shown) == expected
    assert f"{len(expected)} of 1000 models" in dom
    assert '<p class="find">' in dom
    assert "1000 models" in dump(page, tmp_path)
    assert "<tr hidden" not in dump(page, tmp_path)
