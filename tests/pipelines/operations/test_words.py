"""A check reads well on a terminal: one line per signal, one verdict, and nothing that a terminal would obey."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.records import (
    Check,
    CheckWindow,
    ColumnScore,
    Finding,
    Outcome,
    Performance,
    Vote,
    Window,
)
from driftloop.pipelines.operations.functions import RetrainResult
from driftloop.pipelines.operations.words import SHOWN, format_check, format_retrain
from driftloop.pipelines.runtime.tables import Screen

END = datetime(2026, 1, 8, tzinfo=UTC)
WINDOW = Window(start=END - timedelta(days=7), end=END)


def scored(name: str, score: float, threshold: float = 0.1, method: str = "wasserstein") -> ColumnScore:
    low = method == "evidently:ks"
    return ColumnScore(
        name=name, role="feature", kind="numeric", method=method, score=score, threshold=threshold,
        drifted=score < threshold if low else score >= threshold,
    )  # fmt: skip


def check(**more: Any) -> Check:
    known = {
        "model": "taxi",
        "check_id": "c1",
        "outcome": Outcome.STEADY,
        "reason": "wait: nothing fired",
        "window": CheckWindow(start=WINDOW.start, end=WINDOW.end, rows=1234),
        "champion": "3",
        "now": END,
    }
    return Check(**{**known, **more})


def lines(**more: Any) -> list[str]:
    return format_check(check(**more), Path("taxi.yaml")).split("\n")


def test_a_whole_check_word_for_word() -> None:
    """Model, window, rows and champion; columns; loss; findings; votes; verdict; report."""
    rendered = lines(
        outcome=Outcome.HELD,
        reason="held: the loss rose; but the last retrain is 2.0 days ago",
        columns=(scored("fare", 0.5), scored("tip", 0.01)),
        performance=Performance(
            loss_name="mae", loss=2.5, low=2.0, high=3.0, rows=900, window=WINDOW, reference_loss=1.5
        ),
        findings=(
            Finding(code="nulls", severity="warning", column="tip", message="6.0% of tip are null"),
            Finding(code="extra_column", severity="info", message="the source has new columns"),
        ),
        votes=(Vote(policy="max_age", vote="hold", reason="the champion is young", observed=1.0, threshold=2.0),),
        cached=True,
        report="r.html",
    )
    assert rendered == [
        "taxi  2026-01-01 to 2026-01-08  1,234 rows  champion: version 3",
        "  fare                     wasserstein          0.5  limit 0.1     DRIFTED",
        "  tip                      wasserstein         0.01  limit 0.1     ok",
        "  loss mae                 2.5 (95% CI 2 to 3) on 900 rows, reference 1.5",
        "  warning                  6.0% of tip are null",
        "  max_age                  hold           the champion is young",
        "  (cached scores: these rows were scored before)",
        "HELD  held: the loss rose; but the last retrain is 2.0 days ago",
        "WORSE  mae 2.5 (95% CI 2 to 3) is significantly worse: 66.7% above the reference loss 1.5",
        "report: r.html",
    ]


@pytest.mark.parametrize("width", [60, 100, 200])
def test_a_check_fits_the_terminal(width: int) -> None:
    """Long reasons wrap next to their policy, long names are not cut, and each score and limit is in one piece."""
    reason = "the loss rose by 12.5% over 1,234,567 rows, which nothing else that is known explains, so it is old"
    whole = check(
        reason=reason,
        columns=(scored("a_column_with_a_name_of_its_own", 0.01234), scored("tip", 12345.0)),
        votes=(
            Vote(policy="performance_drop", vote="fire", reason=reason, observed=1.0, threshold=2.0),
            Vote(policy="max_age", vote="hold", reason="young", observed=1.0, threshold=2.0),
        ),
    )
    lines = format_check(whole, Path("taxi.yaml"), Screen(width)).split("\n")
    assert max(map(len, lines)) <= width, lines
    words = " ".join(lines).split()
    piped = format_check(whole, Path("taxi.yaml")).split()
    assert sorted(words) == sorted(piped)
    assert any(line.startswith("  performance_drop") and " fire " in line and "the loss" in line for line in lines)


def test_an_early_exit_is_a_head_and_a_verdict() -> None:
    """What was not measured takes no line."""
    assert lines(outcome=Outcome.NO_DATA, reason="no rows in the window", champion=None) == [
        "taxi  2026-01-01 to 2026-01-08  1,234 rows  no champion yet",
        "NO_DATA  no rows in the window",
    ]


def test_the_first_training_states_what_comes_next() -> None:
    """After a bootstrap the command for the next check is there to be copied."""
    assert lines(outcome=Outcome.BOOTSTRAPPED)[-2].startswith("next: run `driftloop check taxi.yaml`")


def test_drifted_columns_come_first_then_those_nearest_to_their_limit() -> None:
    """Distances and p-values are in one order, and the columns that are not shown are the furthest from drift."""
    columns = [scored(f"calm{n}", 0.001 * n) for n in range(SHOWN)]
    p_values = {"near p": 0.06, "drifted p": 0.04}
    columns += [scored(name, score, 0.05, "evidently:ks") for name, score in p_values.items()]
    columns += [scored("drifted", 0.2)]
    rendered = lines(columns=tuple(columns))
    assert [line.split("  ")[1].strip() for line in rendered[1:4]] == ["drifted", "drifted p", "near p"]
    assert rendered[1 + SHOWN] == "  ... and 3 columns further from their limits"
    shown = "\n".join(rendered)
    assert "calm3 " in shown
    assert "calm2 " not in shown


@given(st.text(), st.text(), st.text(), st.sampled_from(Outcome))
def test_nothing_in_the_data_steers_the_terminal(name: str, message: str, reason: str, outcome: Outcome) -> None:
    """Column names, messages and reasons come from the data: no control character of theirs is printed."""
    text = format_check(
        check(
            outcome=outcome,
            reason=reason,
            columns=(scored(name, 0.5),),
            findings=(Finding(code="x", severity="error", message=message),),
        ),
        Path("taxi.yaml"),
    )
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert outcome.value.upper() in text


def ended(promoted: bool, loss: float | None, champion: str | None) -> RetrainResult:
    return RetrainResult(
        model="taxi",
        champion=champion,
        request_id="r",
        code="c",
        version=None,
        promoted=promoted,
        champion_loss=None,
        challenger_loss=loss,
        reason="why",
    )


def test_a_manual_retrain_reports_who_serves_now() -> None:
    """Promoted, rejected and not trained are distinguished, and a champion is named only if there is one."""
    assert format_retrain(ended(True, 1.0, "2")) == "PROMOTED  taxi: version 2 is champion. why"
    assert format_retrain(ended(False, 1.0, "1")) == "REJECTED  taxi: version 1 is champion. why"
    assert format_retrain(ended(False, None, None)) == "NOT TRAINED  taxi: still no champion. why"
