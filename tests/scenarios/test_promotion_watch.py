"""A promotion is watched: the previous champion serves again if the new one is proven worse, and only then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.operations import history, status
from driftloop.pipelines.registry import pending, promotion
from driftloop.pipelines.registry.archive import chosen_by_user, former_champions
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.scenarios.test_archive import aliases, returned
from tests.streams import day, stream

Make = Callable[..., Model]
# Without the archive, which would switch back as well.
ALONE: dict[str, Any] = {"archive__keep": 0, "promotion": {"watch": 4}}


def test_a_bad_promotion_is_taken_back(model: Make) -> None:
    """The alias moves back without a training; it is recorded everywhere, and no retrain follows immediately."""
    made = returned(model, **ALONE)
    dry = made.check(day(49), dry_run=True)
    assert dry.watch is not None
    assert (dry.watch.state, dry.outcome, made.champion()) == ("proven_worse", Outcome.STEADY, "2")
    check = made.check(day(49))
    assert (check.outcome, check.champion, check.champion_after) == (Outcome.ROLLED_BACK, "2", "1"), check.reason
    assert check.watch is not None
    assert (check.watch.version, check.watch.previous, len(check.watch.windows)) == ("2", "1", 1)
    assert "proven worse than version 1" in check.reason
    assert check.retrain is not None
    assert (check.retrain.code, check.retrain.version, check.retrain.promoted) == ("rolled_back", "1", True)
    assert aliases(made) == ["1", "2"]
    with closing(Ledger(home.ledger_url())) as ledger:
        newest = ledger.events(made.name, most=1, kinds=(Kind.ROLLED_BACK,))[0]
        assert (newest.payload["version"], newest.payload["left"], newest.payload["code"]) == ("1", "2", "rolled_back")
        assert "version 2 is kept as previous: version 2 after 1" in history.render([newest])
        assert chosen_by_user(ledger, made.name, approvals=True) is None, "it was no choice of a user"
        assert [one.number for one in former_champions(ledger, registry.champion(made.name), 8)] == ["2"]
        assert [one.promoted for one in ledger.history(made.name, day(49)).retrains] == [True], "no retrain"
    left = next(one for one in registry.versions(made.name) if one.number == "2")
    assert left.tags["driftloop.taken_back"].startswith("version 2 after 1 of 4 labeled windows: proven worse")
    text = str(registry.client().get_model_version(made.name, "2").description)
    assert "Taken back: version 2 after 1 of 4 labeled windows" in text
    run = registry.client().get_run(str(check.retrain.mlflow_run_id))
    assert run.data.tags["driftloop.outcome"] == "rolled_back"
    (row,) = status.collect(made.name)
    assert (row["outcome"], row["last_retrain_outcome"], row["watch_state"]) == ("rolled_back",) * 2 + ("proven_worse",)
    page = (home.home() / "site" / "models" / f"{made.name}.html").read_text("utf-8")
    assert 'class="mark rolled_back"' in page
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED
    made.given(policies__triggers=[{"policy": "always"}])
    later = made.check(day(56))
    assert (later.outcome, later.champion_after, later.watch) == (Outcome.HELD, "1", None), later.reason
    assert "a promotion was taken back 1.0 windows ago; no retrain before 4 windows" in later.reason


def test_a_good_promotion_stays(model: Make) -> None:
    """The new champion is not proven worse: the watch reports each check and ends after the last window.

    It waits while labels are late, while there are too few, and while all rows of a window have counted.
    """
    spans: dict[str, Any] = {
        "training__window": "14d",
        "training__holdout": "4d",
        "training__params": {"n_estimators": 20},
    }
    policies: dict[str, Any] = {"policies__triggers": [{"policy": "max_age", "max_age_days": 20}]}
    made = model(stream(70, concept_shift_at=21), **spans, **policies, **{**ALONE, "promotion": {"watch": 2}})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    promoted = made.check(day(42))
    assert (promoted.outcome, promoted.watch) == (Outcome.PROMOTED, None), promoted.reason
    made.given(policies__triggers=[{"policy": "never"}])
    late = made.given(columns__label_delay="3d").check(day(42.5))
    assert late.watch is not None
    assert (late.watch.state, late.watch.reason) == (
        "waiting",
        "no labeled rows of the time after 2026-02-12 00:00 yet",
    )
    made.given(columns__label_delay="0d")
    states = []
    for moment in (43, 49, 52, 56, 63):
        check = made.check(day(moment))
        states.append((check.watch.state, len(check.watch.windows)) if check.watch else None)
    assert states == [("waiting", 0), ("watching", 1), ("waiting", 1), ("passed", 2), None]
    assert made.champion() == "2"


def test_a_previous_champion_that_cannot_read_the_rows_is_reported(model: Make) -> None:
    """Version 1 needs a column that the new champion does not read: nothing is compared, and the state reports it."""
    made = returned(model, columns__numeric=["amount"], first={"columns__numeric": ["amount", "speed"]}, **ALONE)
    check = made.check(day(49))
    assert check.watch is not None
    assert (check.outcome, check.watch.state) == (Outcome.STEADY, "unreadable"), check.reason
    assert "version 1 cannot be compared: it needs 'speed'" in check.watch.reason
    (finding,) = (finding for finding in check.findings if finding.code == "archive_unreadable")
    assert finding.message.startswith("version 1 is not compared: it needs 'speed'")


def test_manual_promotion_asks_first(model: Make) -> None:
    """With manual promotion the previous champion waits for approval; a decline ends the watch."""
    made = returned(model, **ALONE)
    made.given(promotion={"mode": "manual", "watch": 4})
    check = made.check(day(49))
    assert (check.outcome, made.champion()) == (Outcome.AWAITING_APPROVAL, "2"), check.reason
    assert "not taken back while version 1 waits for approval" in made.check(day(52)).reason
    with closing(Ledger(home.ledger_url())) as ledger:
        pending.decline(ledger, made.name, "1", "not that one")
    later = made.check(day(56))
    assert later.watch is not None
    assert (later.outcome, later.watch.state, made.champion()) == (Outcome.STEADY, "ended", "2"), later.reason
    assert made.check(day(56.5)).watch is None


@pytest.mark.parametrize("choice", ["rollback", "alias"])
def test_a_choice_of_a_user_is_not_watched(model: Make, choice: str) -> None:
    """Neither a rollback by a user nor an alias that was set in MLflow."""
    made = returned(model, **ALONE)
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(43))
    if choice == "alias":
        registry.point(registry.aliased(made.name, registry.PREVIOUS), registry.CHAMPION)  # type: ignore[arg-type]
    check = made.check(day(49))
    assert (check.outcome, check.watch) == (Outcome.STEADY, None), check.reason
