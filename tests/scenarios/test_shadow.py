"""A challenger that passed the gate is scored next to the champion, and serves once that is proven on fresh rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.operations import history, status
from driftloop.pipelines.registry import SHADOW, pending
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.scenarios.test_archive import aliases, returning
from tests.streams import day, stream

Make = Callable[..., Model]
SPANS: dict[str, Any] = {
    "training__window": "14d",
    "training__holdout": "4d",
    "training__params": {"n_estimators": 20},
    "policies__triggers": [{"policy": "max_age", "max_age_days": 20}],
}


def shadowing(model: Make, rows: Any = None, **more: Any) -> Model:
    """A model whose second version passed the gate on day 42 and is in shadow; the relation changed on day 21."""
    rows = stream(70, concept_shift_at=21) if rows is None else rows
    more = {"archive__keep": 0, "promotion": {"shadow": 3}, **more}
    made = model(rows, **SPANS, **more)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    check = made.check(day(42))
    assert (check.outcome, check.champion_after, check.shadow) == (Outcome.SHADOWING, "1", None), check.reason
    return made


def shadow_of(made: Model) -> str | None:
    found = registry.aliased(made.name, SHADOW)
    return found.number if found else None


def test_a_better_challenger_is_promoted(model: Make) -> None:
    """It serves after the proof; the result is recorded everywhere, the promotion is watched from then on."""
    made = shadowing(model)
    assert (aliases(made), shadow_of(made)) == (["1", None], "2")
    (row,) = status.collect(made.name)
    assert (row["outcome"], row["last_retrain_outcome"]) == ("shadowing", "shadowing")
    assert "in shadow of version 1 for up to 3 labeled windows" in row["shadow_in_words"]
    early = made.given(policies__triggers=[{"policy": "always"}]).check(day(44))
    made.given(policies__triggers=[{"policy": "never"}])
    assert early.shadow is not None
    assert (early.outcome, early.shadow.state, early.shadow.windows) == (Outcome.HELD, "waiting", ()), early.reason
    assert "version 2 is in shadow (0 of 3 labeled windows); no retrain before its verdict [shadow]" in early.reason
    dry = made.check(day(49), dry_run=True)
    assert dry.shadow is not None
    assert (dry.shadow.state, aliases(made)) == ("proven", ["1", None])
    check = made.check(day(49))
    assert (check.outcome, check.champion, check.champion_after) == (Outcome.PROMOTED, "1", "2"), check.reason
    assert check.shadow is not None
    assert (check.shadow.state, len(check.shadow.windows), check.shadow.windows[0].window.start) == (
        "proven",
        1,
        day(42),
    )
    assert "version 2 in shadow of version 1 after 1 of 3 labeled windows: proven to be better" in check.reason
    assert check.retrain is not None
    assert (check.retrain.code, check.retrain.version, check.retrain.promoted) == ("shadow_proven", "2", True)
    assert (aliases(made), shadow_of(made)) == (["2", "1"], None)
    with closing(Ledger(home.ledger_url())) as ledger:
        events = ledger.events(made.name, kinds=(Kind.SHADOWING, Kind.SHADOW_JUDGED, Kind.PROMOTED))
        assert [event.kind for event in events] == ["promoted", "shadow_judged", "shadowing", "promoted"]
        assert "version 2: shadow_proven: version 2 in shadow of version 1" in history.render(events[1:2])
        assert [(one.now, one.promoted) for one in ledger.history(made.name, day(49)).retrains] == [(day(49), True)]
    run = registry.client().get_run(str(check.retrain.mlflow_run_id))
    assert (run.data.tags["driftloop.outcome"], run.info.status) == ("promoted", "FINISHED")
    page = (home.home() / "site" / "models" / f"{made.name}.html").read_text("utf-8")
    assert "in shadow of version 1 after 1 of 3 labeled windows" in page
    span = f"in shadow from {day(42):%Y-%m-%d %H:%M} to {day(49):%Y-%m-%d %H:%M}"
    assert f"version 2: {span}, then promoted" in page
    assert f"promoted, version 2: {span}; " in page
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED
    later = made.check(day(56))
    assert later.watch is not None
    assert (later.shadow, later.watch.state, len(later.watch.windows)) == (None, "watching", 1), later.reason


def test_a_worse_challenger_is_declined(model: Make) -> None:
    """The relation is from day 42 on what it was for the champion: the challenger, right at the gate, is wrong."""
    made = shadowing(model, returning())
    check = made.check(day(49))
    assert (check.outcome, check.champion_after) == (Outcome.SHADOW_DECLINED, "1"), check.reason
    assert check.retrain is not None
    assert (check.retrain.code, check.retrain.promoted) == ("shadow_declined", False)
    assert "proven worse than version 1" in check.reason
    assert (aliases(made), shadow_of(made)) == (["1", None], None)
    declined = next(one for one in registry.versions(made.name) if one.number == "2")
    assert declined.tags["driftloop.rejected"].startswith("shadow_declined: version 2 in shadow of version 1")
    (row,) = status.collect(made.name)
    assert (row["outcome"], row["last_retrain_outcome"], row["shadow_state"]) == (
        "shadow_declined",
        "rejected",
        "proven_worse",
    )
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED


def test_another_champion_and_a_new_feature_are_compared(model: Make) -> None:
    """The config gains a feature, which only the challenger reads; a user moves the alias, and it begins again."""
    narrow: dict[str, Any] = {"columns__numeric": ["amount"], "columns__categorical": ["city"]}
    made = model(stream(70, concept_shift_at=21), **SPANS, **narrow, archive__keep=0, promotion={"shadow": 3})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    made.given(columns__numeric=["amount", "speed"], columns__categorical=["city", "kind"])
    assert made.check(day(42)).outcome is Outcome.SHADOWING
    made.given(promotion={"shadow": 3, "mode": "manual"}, policies__triggers=[{"policy": "never"}])
    registry.point(registry.champion(made.name), registry.PREVIOUS)
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.note(made.name, Kind.ROLLED_BACK, {"version": "1", "left": "0"}, day(43))
    early = made.check(day(49))
    assert early.shadow is not None
    assert (early.shadow.state, early.shadow.windows[0].window.start) == ("proven", day(43)), early.shadow.reason
    assert (early.outcome, aliases(made)[0], shadow_of(made)) == (Outcome.AWAITING_APPROVAL, "1", None), early.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        assert pending.waiting(ledger, made.name) is not None
        left, serves = pending.approve(ledger, made.name, "2")
    assert (left, serves.number) == ("1", "2")


def test_a_shadow_that_is_switched_off_ends(model: Make) -> None:
    """At the next check the challenger is declined, with the reason; a later retrain is in shadow no more."""
    made = shadowing(model)
    made.given(promotion={"shadow": 0}, policies__triggers=[{"policy": "always"}])
    check = made.check(day(43))
    assert (check.outcome, shadow_of(made)) == (Outcome.SHADOW_DECLINED, None), check.reason
    assert "promotion.shadow is 0 now" in check.reason
    assert check.retrain is not None
    assert check.retrain.code == "shadow_ended"
    assert made.check(day(44)).outcome is Outcome.PROMOTED
