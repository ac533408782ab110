"""A former champion that fits again takes over again, unless the config or a user forbids it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.registry import pending, promotion
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]


def returning() -> pd.DataFrame:
    """The relation to the target changes on day 21, and is what it was before from day 42 on."""
    frame = stream(56, concept_shift_at=21)
    again = frame["ts"] >= day(42)
    return frame.assign(y=frame["y"].where(~again, 60 - frame["y"]))


def returned(model: Make, first: dict[str, Any] | None = None, **more: Any) -> Model:
    """A model whose second version was trained on the changed relation, and whose first one fits again from day 42.

    `first` are settings of the first version only.
    """
    spans = {"training__window": "14d", "training__holdout": "4d", "training__params": {"n_estimators": 20}}
    age = {"policies__triggers": [{"policy": "max_age", "max_age_days": 20}]}
    # A watch over the promotion would take it back before the archive switches.
    more = {"promotion": {"watch": 0}, **more}
    made = model(returning(), **{**spans, **age, **more, **(first or {})})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    made.given(**more)
    assert made.check(day(42)).outcome is Outcome.PROMOTED
    return made


def aliases(made: Model) -> list[str | None]:
    found = [registry.aliased(made.name, alias) for alias in (registry.CHAMPION, registry.PREVIOUS)]
    return [one.number if one else None for one in found]


def assert_only_reported(made: Model, check: Check, reason: str) -> None:
    """The version that leads is in the check, and the champion stays."""
    assert check.archive is not None
    assert (check.outcome, check.archive.leader) == (Outcome.STEADY, "1"), check.reason
    assert "version 1 is better" in check.reason
    assert reason in check.reason
    assert made.champion() == "2"


def test_a_former_champion_serves_again(model: Make) -> None:
    """The alias moves without a training, it is recorded once, and the next check judges that version."""
    made = returned(model)
    dry = made.check(day(49), dry_run=True)
    assert dry.archive is not None
    assert (dry.archive.leader, made.champion()) == ("1", "2")
    check = made.check(day(49))
    assert (check.outcome, check.champion, check.champion_after) == (Outcome.SWITCHED_BACK, "2", "1"), check.reason
    assert check.archive is not None
    assert [score.version for score in check.archive.scores] == ["2", "1"]
    assert check.retrain is not None
    assert (check.retrain.code, check.retrain.version, check.retrain.promoted) == ("switched_back", "1", True)
    assert aliases(made) == ["1", "2"]
    assert len(registry.versions(made.name)) == 2
    with closing(Ledger(home.ledger_url())) as ledger:
        history = ledger.history(made.name, day(49))
        events = [event.kind for event in ledger.events(made.name, kinds=(Kind.SWITCHED_BACK, Kind.PROMOTED))]
    assert [retrain.promoted for retrain in history.retrains] == [True], "a switch is no retrain"
    assert events == [Kind.SWITCHED_BACK, Kind.PROMOTED, Kind.PROMOTED]
    assert history.checks[-1].switch is not None
    assert history.checks[-1].switch.age_batches == pytest.approx(4, abs=0.2)
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED
    later = made.check(day(56))
    assert (later.champion, later.champion_after, later.standing) == ("1", "1", "well"), later.reason
    run = registry.client().get_run(str(check.retrain.mlflow_run_id))
    assert run.data.tags["driftloop.outcome"] == "switched_back"


def test_with_act_false_it_is_only_reported(model: Make) -> None:
    """With `act: false` the check names the version and its lead."""
    made = returned(model, archive__act=False)
    assert_only_reported(made, made.check(day(49)), "archive.act: false")


def test_a_choice_of_a_user_stays(model: Make) -> None:
    """The archive neither undoes a user's choice of the champion, nor brings back what a user has rolled back from."""
    from driftloop.pipelines.registry.archive import chosen_by_user, former_champions

    made = returned(model)
    with closing(Ledger(home.ledger_url())) as ledger:
        assert chosen_by_user(ledger, made.name, approvals=True) is None
        promotion.rollback(ledger, made.name, day(43))
        assert former_champions(ledger, registry.champion(made.name), 8) == (), "version 2 was rolled back from"
    registry.point(registry.aliased(made.name, registry.PREVIOUS), registry.CHAMPION)  # type: ignore[arg-type]
    assert_only_reported(made, made.check(day(49)), "a user set version 2 in MLflow")


def test_manual_promotion_asks_for_a_switch_too(model: Make) -> None:
    """The former champion waits for approval; once declined it is never proposed again."""
    made = returned(model)
    made.given(promotion={"mode": "manual", "watch": 0})
    check = made.check(day(49))
    assert (check.outcome, made.champion()) == (Outcome.AWAITING_APPROVAL, "2"), check.reason
    assert "driftloop promote" in check.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        waits = pending.waiting(ledger, made.name)
        assert waits is not None
        assert waits[0].number == "1"
        assert "waits for approval" in made.check(day(52)).reason
        left, serves = pending.approve(ledger, made.name, "1")
        assert (left, serves.number, made.champion()) == ("2", "1", "1")
        assert pending.waiting(ledger, made.name) is None
        assert [retrain.promoted for retrain in ledger.history(made.name, day(60)).retrains] == [True]


def test_a_declined_switch_is_not_proposed_again(model: Make) -> None:
    """A user's no is final for that version."""
    made = returned(model)
    made.given(promotion={"mode": "manual", "watch": 0})
    assert made.check(day(49)).outcome is Outcome.AWAITING_APPROVAL
    with closing(Ledger(home.ledger_url())) as ledger:
        pending.decline(ledger, made.name, "1", "not that one")
    later = made.check(day(56))
    assert (later.outcome, later.archive, made.champion()) == (Outcome.STEADY, None, "2"), later.reason


def test_a_version_that_cannot_read_the_rows_is_reported(model: Make) -> None:
    """Version 1 needs a column that the present champion does not read: it is not scored, and nothing is switched."""
    made = returned(model, columns__numeric=["amount"], first={"columns__numeric": ["amount", "speed"]})
    check = made.check(day(49))
    assert (check.outcome, check.champion, check.archive) == (Outcome.STEADY, "2", None), check.reason
    (finding,) = (finding for finding in check.findings if finding.code == "archive_unreadable")
    assert finding.message.startswith("version 1 is not compared: it needs 'speed'")


def test_late_labels_are_no_reason_to_switch(model: Make) -> None:
    """With labels three windows late the lead is old, so it is only reported."""
    made = returned(model)
    made.given(windows__current="1d", columns__label_delay="3d")
    check = made.check(day(47))
    assert_only_reported(made, check, "labels are 3.0 windows late, at most 2 to act")
