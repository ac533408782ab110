"""Laws of the verdict on top of the report."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from driftloop.monitoring.policies import POLICIES
from driftloop.monitoring.presentation.markup import OUTCOMES, POLICY, TONES
from driftloop.monitoring.presentation.templating import TEMPLATES
from driftloop.monitoring.records import (
    DASH,
    Check,
    CheckWindow,
    ColumnScore,
    Estimate,
    Finding,
    Outcome,
    Performance,
    Retrain,
    SelfTest,
    Vote,
    Window,
)
from driftloop.monitoring.report.explanations import explained
from driftloop.monitoring.report.page import dress, redress, verdict
from tests import drawn

MOMENT = datetime(2026, 3, 8, 6, tzinfo=UTC)
WEEK = Window(start=MOMENT - timedelta(days=7), end=MOMENT)


def column(name: str, score: float, drifted: bool, method: str = "wasserstein", threshold: float = 0.1) -> ColumnScore:
    return ColumnScore(
        name=name, role="feature", kind="numeric", method=method, score=score, threshold=threshold, drifted=drifted
    )


def check(**more: object) -> Check:
    return drawn.check(**{"window": CheckWindow(start=WEEK.start, end=WEEK.end, rows=12345), "now": MOMENT, **more})


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_all_is_reported() -> None:
    """Outcome, reason, window, rows, versions, votes, columns, findings, performance, retrain and ids are all there."""
    checked = check(
        outcome=Outcome.PROMOTED, reason="Two triggers fired.", decision="retrain", drift_share=0.5,
        columns=(column("speed", 0.4, True),), champion="6", champion_after="7", dry_run=True,
        votes=(Vote(policy="drift_share", vote="fire", observed=0.5, threshold=0.25, reason="half of them"),),
        findings=(Finding(code="late_labels", severity="warning", message="labels are late", column="fare"),),
        performance=Performance(
            loss_name="mae", loss=2.5, low=2.25, high=2.75, rows=4211, window=WEEK, reference_loss=2.0
        ),
        retrain=Retrain(
            request_id="r", code="better", version="7", promoted=True, champion_loss=2.5, challenger_loss=2.125,
            reason="15% lower",
        ),
        mlflow_run_id="mlflow-1", prefect_flow_run_id="prefect-1", mlflow_url="https://ml/#/1?a=b",
    )  # fmt: skip
    text = words(verdict(checked))
    for part in (
        "taxi Challenger promoted dry run Two triggers fired.",
        "2026-03-01 06:00 to 2026-03-08 06:00 UTC",
        "Rows 12,345 Champion 6 → 7 Decision retrain Drifted features 50% (1 of 1)",
        "mae 2.5 , 95% CI 2.25 to 2.75, compared with 2 on the reference (+25.0%); 4,211 labeled rows",
        "worse than the reference",
        "Version 7 promoted 15% lower",
        "champion 2.5, challenger 2.12",
        "drift_share fire 50.0% 25% half of them",
        "1 of 1 drifted",
        "speed drifted 4x 0.4 ≥&nbsp;0.1 wasserstein numeric",
        "warning late_labels fare labels are late",
        "Check c-1 MLflow run mlflow-1 Prefect flow run prefect-1",
    ):
        assert part in text


@pytest.mark.parametrize(("passed", "reason"), [(True, "5 rows, 30 needed"), (False, "the self-test failed: flat")])
def test_a_self_test_is_reported_once(passed: bool, reason: str) -> None:
    """Where it is the reason that the estimate does not apply, that is not repeated."""
    tested = SelfTest(estimated=1, realised=2, low=0, high=3, skill=0, rows=30, passed=passed, reason="flat")
    made = Estimate(
        method="dle", loss_name="mae", rows=5, reference_loss=2, applicable=False, reason=reason, self_test=tested
    )
    text = words(verdict(check(estimated=made)))
    assert text.count("flat") == 1
    assert ("Self-test passed: flat. Cannot detect concept drift." in text) == passed
    assert "Cannot detect concept drift." in text


@pytest.mark.parametrize(
    ("loss", "low", "message"),
    [(2.5, 2.25, "worse than"), (2.5, 1.5, "not significantly worse than"), (1.75, 1.5, "not worse than")],
)
def test_a_loss_is_compared_with_the_reference(loss: float, low: float, message: str) -> None:
    """A rise that chance explains is reported as such, and not as a loss that is well."""
    performance = Performance(loss_name="mae", loss=loss, low=low, high=3.0, rows=400, window=WEEK, reference_loss=2.0)
    assert f" rows of {WEEK}. {message} the reference" in words(verdict(check(performance=performance)))


@pytest.mark.parametrize("policy", POLICIES)
def test_votes_are_shown_in_the_unit_of_their_reason(policy: str) -> None:
    """A policy that compares shares shows percent, as its reason does; all others show the numbers."""
    vote = Vote(policy=policy, vote="hold", observed=0.9095, threshold=0.125, reason="")
    shown = ("91.0%", "12.5%") if POLICIES[policy].in_percent else ("0.909", "0.125")
    cells = re.findall(r'<td class="n"[^>]*>([^<]*)</td>', verdict(check(votes=(vote,))))
    assert tuple(cells) == shown


def test_percent_belongs_to_policies_whose_limit_is_a_share() -> None:
    """The limit of such a policy is written in percent in its own reason."""
    assert {name for name, kind in POLICIES.items() if kind.in_percent} == {
        "drift_share", "performance_drop", "slice_drop", "estimated_loss",
    }  # fmt: skip


def test_a_code_is_explained_where_it_is_shown() -> None:
    """Outcome, finding and end of a retrain have their meaning and what to do inside the page, without a link."""
    end = Retrain(
        request_id="r", code="no_labels", version=None, promoted=False, champion_loss=None, challenger_loss=None,
        reason="",
    )  # fmt: skip
    checked = check(
        outcome=Outcome.BAD_DATA, retrain=end, findings=(Finding(code="nulls", severity="warning", message="12% null"),)
    )
    html = verdict(checked)
    details = [unescape(words(part)) for part in re.findall(r"<details>.*?</details>", html, re.DOTALL)]
    assert len(details) == 3
    for kind, code, shown in zip(
        ("outcomes", "retrains", "findings"), ("bad_data", "no_labels", "nulls"), details, strict=True
    ):
        entry = explained(kind, code)  # type: ignore[arg-type]
        assert entry is not None
        for text in (entry["meaning"], entry["remedy"]):
            assert text.replace("`", "") in shown.replace(" .", ".").replace(" ,", ",")
    assert "href" not in html


def test_the_multiple_of_the_threshold_is_shown() -> None:
    """Columns are in the order of score / threshold, which has a column of its own; no threshold of zero breaks it."""
    checked = check(
        columns=(
            column("a", 0.05, False), column("b", 0.345, True), column("c", 0.0, True, "evidently:ks", 0.05),
            column("d", float("nan"), False),
        )
    )  # fmt: skip
    html = verdict(checked)
    assert re.findall(r'class="ratio">([^<]*)<', html) == ["&gt; 999x", "3.4x", "0.5x", DASH]
    assert re.findall(r"width:(\d+)%", html) == ["100", "86", "12", "0"]


def test_most_drifted_first() -> None:
    """Drifted columns come first, the furthest over its threshold on top; p-values and distances share one order."""
    checked = check(
        columns=(
            column("a", 0.05, False),
            column("b", 0.2, True),
            column("c", 0.001, True, "evidently:ks", 0.05),
            column("d", 0.3, True),
        )
    )
    html = verdict(checked)
    places = [html.index(f"<strong>{name}</strong>") for name in "cdba"]
    assert places == sorted(places)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_word(outcome: Outcome) -> None:
    """Each outcome is shown by a word and a tone of its own, and an early exit needs no columns, votes or plots."""
    tone, word = OUTCOMES[outcome]
    html = dress("", check(outcome=outcome))
    assert f'<span class="badge {tone}">{word}</span>' in html
    assert "<table" not in html


def test_every_vote_and_severity_has_a_tone() -> None:
    """No vote or severity is shown without a color."""
    assert {"fire", "hold", "not_applicable", "allow", "veto", "info", "warning", "error", "fatal"} == set(TONES)


def test_texts_are_escaped() -> None:
    """No text of a check becomes markup."""
    bad = "<b>\"'&"
    checked = check(
        model=bad, reason=bad, check_id=bad, champion=bad, champion_after=bad + "2", mlflow_run_id=bad,
        prefect_flow_run_id=bad, mlflow_url=bad, prefect_url=bad, columns=(column(bad, 1.0, True, bad),),
        votes=(Vote(policy=bad, vote="hold", reason=bad),),
        findings=(Finding(code=bad, severity="info", message=bad, column=bad),),
        performance=Performance(loss_name=bad, loss=1, low=1, high=1, rows=1, window=WEEK, reference_loss=0),
        retrain=Retrain(
            request_id=bad, code=bad, version=bad, promoted=False, champion_loss=None, challenger_loss=None, reason=bad
        ),
    )  # fmt: skip
    html = dress("", checked)
    assert "<b>" not in html
    assert html.count("&lt;b&gt;&#34;&#39;&amp;") >= 13


def test_no_script_and_no_network() -> None:
    """The verdict brings no script, and the page it dresses is forbidden to load or send anything."""
    html = dress("<html><head></head><body><p>plots</p></body></html>", check())
    assert "<script" not in html
    assert not re.search(r"(src|href|url\()", html.replace(POLICY, ""))
    assert html.index(POLICY) < html.index("<title>") < html.index('<main id="driftloop">') < html.index("plots")
    assert "default-src 'none'" in POLICY


def test_style_stays_inside() -> None:
    """Every rule of the verdict's style is bound to its own block, so that Evidently's page below looks as it did."""
    sheet, _, _ = TEMPLATES.loader.get_source(TEMPLATES, "presentation/style.css")
    assert sheet.strip() in dress("", check())
    selectors = re.findall(r"(?:^|[{}])\s*([^{}@;]+?)\s*\{", sheet)
    assert len(selectors) > 30
    assert all(part.strip().startswith("#driftloop") for selector in selectors for part in selector.split(","))


@pytest.mark.parametrize("page", ["", "<html><head><script>x</script></head><body><p>plots</main>\n</p></body></html>"])
def test_a_final_outcome_takes_the_place_of_the_first(page: str) -> None:
    """Whatever is in page, texts and title, the report is as if it had been written in one go."""
    first = check(outcome=Outcome.REQUESTED, reason='</main>\n<main id="driftloop">', model="a <b> & \\1")
    last = first.model_copy(update={"outcome": Outcome.PROMOTED, "reason": "better by 15 %</main>\n"})
    assert redress(dress(page, first), last) == dress(page, last)
    assert redress(str(redress(dress(page, first), last)), last) == dress(page, last)
    assert redress(page, last) is None
