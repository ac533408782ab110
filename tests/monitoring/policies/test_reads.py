"""What a policy declares to read is what its vote depends on: nothing else moves it, and each of those can."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter

from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Policy, Trigger
from driftloop.monitoring.records import (
    Estimate,
    Finding,
    History,
    Learned,
    MetricValue,
    Outcome,
    PastCheck,
    PastRetrain,
    PastSwitch,
    Record,
    Role,
    Signal,
    Signals,
    Vote,
    Window,
)
from tests.every_policy import EXAMPLES
from tests.signals import NOTHING, NOW, past, signals, slices

Situation = tuple[Signals, History, datetime]
Change = Callable[[Situation], Situation]

# Rules of rules, next to one example of every policy.
NESTED: dict[str, dict[str, Any]] = {
    "weighted": {"policy": "drift_share", "weighted": True},
    "tokyo": {"policy": "schedule", "every": "week", "time_zone": "Asia/Tokyo"},
    "any of counting": {"policy": "any_of", "triggers": [{"policy": "new_rows", "rows": 900}, {"policy": "periodic"}]},
    "all of drift": {"policy": "all_of", "triggers": [{"policy": "prediction_drift"}, {"policy": "auto_quantile"}]},
    "hysteresis of a probe": {"policy": "k_of_n", "k": 1, "trigger": {"policy": "recoverable_loss"}},
    "deep": {
        "policy": "at_least",
        "k": 1,
        "triggers": [
            {
                "policy": "all_of",
                "triggers": [{"policy": "k_of_n", "trigger": {"policy": "new_rows", "rows": 900}}],
            },
            {"policy": "estimated_loss"},
        ],
    },
}
YAML = {name: {"policy": name, **EXAMPLES[name]} for name in EXAMPLES} | NESTED


ADAPTER: TypeAdapter[Policy] = TypeAdapter(AnyTrigger | AnyGuard)
RULES = {name: ADAPTER.validate_python(given) for name, given in YAML.items()}


def situations() -> Iterator[Situation]:
    """Good ones and bad ones, short and long histories, with and without an answered request or a probe."""
    estimate = Estimate(
        method="dle",
        loss_name="mae",
        loss=12.0,
        low=11.0,
        high=13.0,
        rows=500,
        reference_loss=8.0,
        applicable=True,
        reason="",
    )
    found = Finding(code="nulls", severity="error", message="half of a is missing", column="a")
    weights = {f"c{n}": 0.1 + 0.2 * n for n in range(4)}
    answered = (PastRetrain(now=NOW - timedelta(days=11), promoted=False),)
    for drifted, loss, age, gap in ((0, 8.0, 3.0, None), (2, 9.0, 33.0, 0.4), (3, 12.0, 80.0, 3.0)):
        for before in (past(), past(8.0, 8.1, 7.9, 8.2, 8.4, distance=0.3)):
            for retrains in ((), answered):
                observed = signals(drifted=drifted, loss=loss, age=age, gap=gap, rows=800).model_copy(
                    update={"estimated": estimate, "findings": (found,), "importance": weights, "held_batches": 0.5}
                )
                rules = tuple(policy.rule for policy in RULES.values())
                fired = tuple(check.model_copy(update={"fired": rules}) for check in before.checks)
                yield observed, History(checks=fired, retrains=retrains), NOW
    yield NOTHING, History(), NOW


SITUATIONS = tuple(situations())


def present(**update: Any) -> Change:
    return lambda at: (at[0].model_copy(update=update), at[1], at[2])


def of_past(**update: Any) -> Change:
    """Change what every past check states."""
    return lambda at: (
        at[0],
        at[1].model_copy(update={"checks": tuple(one.model_copy(update=update) for one in at[1].checks)}),
        at[2],
    )


def scored(role: Role, **update: Any) -> Change:
    """Change the scores of one role; without an update they are gone."""

    def change(at: Situation) -> Situation:
        kept = [one for one in at[0].scores if one.role != role]
        made = [one.model_copy(update=update) for one in at[0].scores if one.role == role] if update else []
        return at[0].model_copy(update={"scores": (*kept, *made)}), at[1], at[2]

    return change


def lost(**update: Any) -> Change:
    """Change the champion's loss of this check, where there is one."""

    def change(at: Situation) -> Situation:
        was = at[0].performance
        return at[0].model_copy(update={"performance": was and was.model_copy(update=update)}), at[1], at[2]

    return change


def later(by: timedelta) -> Change:
    """Move everything in time: as long ago as before, on another date."""

    def moved(window: Window) -> Window:
        return window.earlier(-by)

    def change(at: Situation) -> Situation:
        observed, history, now = at
        was = observed.performance
        observed = observed.model_copy(
            update={
                "window": moved(observed.window),
                "performance": was and was.model_copy(update={"window": moved(was.window)}),
            }
        )
        checks = tuple(one.model_copy(update={"now": one.now + by}) for one in history.checks)
        retrains = tuple(one.model_copy(update={"now": one.now + by}) for one in history.retrains)
        return observed, History(checks=checks, retrains=retrains), now + by

    return change


def fewer(at: Situation) -> Situation:
    return at[0], at[1].model_copy(update={"checks": at[1].checks[1:]}), at[2]


def answered(days: float) -> Change:
    one = PastRetrain(now=NOW - timedelta(days=days), promoted=False)
    return lambda at: (at[0], at[1].model_copy(update={"retrains": (*at[1].retrains, one)}), at[2])


def unanswered(at: Situation) -> Situation:
    return at[0], at[1].model_copy(update={"retrains": ()}), at[2]


CHANGES: dict[Signal, list[Change]] = {
    "drift": [
        scored("feature"),
        scored("feature", drifted=True, score=0.9),
        scored("feature", drifted=False, score=0.0),
        of_past(distance=0.01, drift_share=0.9),
        of_past(distance=None, drift_share=None),
    ],
    "prediction_drift": [scored("prediction"), scored("prediction", drifted=True, score=0.7)],
    "target_drift": [scored("target"), scored("target", drifted=True, score=0.7)],
    "loss": [
        present(performance=None),
        lost(loss=30.0, low=29.0, high=31.0),
        lost(rows=3),
        lost(reference_loss=2.0, reference_rows=9, loss_name="mse"),
        lost(window=Window(start=NOW - timedelta(days=28), end=NOW - timedelta(days=21))),
        of_past(loss=6.0, loss_low=5.0),
        of_past(loss=None, loss_low=None),
    ],
    "metrics": [present(metrics=(MetricValue(metric="bias", better="zero", value=1.0, rows=90),))],
    "slices": [present(slices=slices(2.0)), present(slices=slices(0.0)), present(slices=())],
    "estimate": [present(estimated=None)],
    "probe": [present(probe=None), of_past(gap=2.0), *[present(probe=signals(gap=gap).probe) for gap in (-1.0, 9.0)]],
    "age": [
        present(champion_age=None),
        present(champion_age=timedelta(days=400)),
        present(age_batches=None),
        present(age_batches=40.0),
        present(held_batches=2.0),
        present(window=Window(start=NOW - timedelta(days=70), end=NOW)),
        of_past(age_batches=0.2),
        of_past(age_batches=None),
    ],
    "rows": [present(rows=0), present(rows=9), present(rows=90_000), of_past(rows=0), of_past(rows=5000)],
    "labels": [
        present(labelled_rows=0),
        present(labelled_rows=9_000),
        present(class_labels={"a": 3, "b": 700}),
        of_past(labelled_rows=1),
    ],
    "findings": [present(findings=())],
    "importance": [present(importance=None), present(importance={"c0": 9.0, "c3": 0.1})],
    "learned": [present(learned=None), present(learned=Learned(batch_loss=40.0, age_gap=(0.0, 3.0), handicap=1.0))],
    "calendar": [later(timedelta(days=9, hours=7)), later(timedelta(days=170)), present(dated=False)],
    "checks": [
        of_past(switch=PastSwitch(lead=0.5, age_batches=9.0)),
        fewer,
        lambda at: (at[0], at[1].model_copy(update={"checks": ()}), at[2]),
        of_past(champion="7"),
        of_past(fired=()),
        of_past(outcome=Outcome.REJECTED),
        present(champion="2"),
    ],
    "retrains": [answered(1), answered(40), unanswered],
}


def look(policy: Policy, at: Situation) -> tuple[Vote, bool]:
    """The whole vote, and whether a probe is wanted."""
    return policy.judge(*at), isinstance(policy, Trigger) and policy.wants_probe(*at)


def changed(old: Record, new: Record) -> set[str]:
    return {name for name in type(old).model_fields if getattr(old, name) != getattr(new, name)}


def test_every_signal_and_every_field_is_perturbed() -> None:
    """A signal or a field that is new is in these laws, or this test fails."""
    assert set(CHANGES) == set(typing.get_args(Signal))
    before = signals(gap=1.0).model_copy(
        update={"estimated": SITUATIONS[0][0].estimated, "importance": {"c0": 1.0}, "findings": (1,)}
    )
    history = History(checks=past(8.0, 8.1, distance=0.3).checks, retrains=(PastRetrain(now=NOW, promoted=True),))
    check: set[str] = set()
    visited: set[str] = set()
    retrains = False
    for change in (one for some in CHANGES.values() for one in some):
        after, then, _ = change((before, history, NOW))
        visited |= changed(before, after)
        check |= {name for old, new in zip(history.checks, then.checks, strict=False) for name in changed(old, new)}
        retrains |= then.retrains != history.retrains
    assert visited == set(Signals.model_fields) - {"trains"}  # whether there is training at all: test_base.py
    assert check == set(PastCheck.model_fields) - {"fired"}  # there is none in this history
    assert retrains


@pytest.mark.parametrize("name", RULES)
def test_a_signal_that_is_not_declared_moves_no_vote(name: str) -> None:
    """Whatever happens to what a policy does not declare, its vote and its wish for a probe stay the same."""
    policy = RULES[name]
    for at in SITUATIONS:
        was = look(policy, at)
        for signal in set(CHANGES) - policy.reads:
            for place, change in enumerate(CHANGES[signal]):
                assert look(policy, change(at)) == was, f"undeclared {signal} moved {name} (change {place})"


@pytest.mark.parametrize("name", RULES)
def test_each_signal_that_is_declared_can_move_the_vote(name: str) -> None:
    """Nothing is declared that the policy never looks at."""
    policy = RULES[name]
    known = [(at, look(policy, at)) for at in SITUATIONS]
    for signal in policy.reads:
        moved = (look(policy, change(at)) != was for at, was in known for change in CHANGES[signal])
        assert any(moved), f"{name} declares {signal} and does not look at it"


def test_compositions_read_what_their_members_read() -> None:
    """A composition inherits the union, at any depth, and adds what it looks at itself."""
    assert RULES["any of counting"].reads == {"rows", "age", "checks", "retrains"}
    assert RULES["all of drift"].reads == {"prediction_drift", "drift", "checks"}
    assert RULES["deep"].reads == {"rows", "age", "checks", "retrains", "estimate"}


def test_no_rule_about_dates_judges_on_dates_that_are_made_up() -> None:
    """Where dates are made up a trigger that reads the calendar is not applicable, and such a guard allows."""
    allowed = {"trigger": {"not_applicable"}, "guard": {"allow"}}
    readers = [policy for policy in RULES.values() if "calendar" in policy.declares]
    assert readers
    for policy in readers:
        votes = {policy.judge(*present(dated=False)(at)).vote for at in SITUATIONS}
        assert votes == allowed[policy.role]


def test_only_who_reads_probes_may_want_one() -> None:
    """A probe is asked for by those that declare it and by no others."""
    for policy in RULES.values():
        wants = any(look(policy, at)[1] for at in SITUATIONS)
        assert not wants or "probe" in policy.reads


def test_a_policy_that_declares_nothing_is_refused() -> None:
    """Forgetting to declare what a policy reads fails when its class is made, not when a backtest passes it over."""
    with pytest.raises(TypeError, match="Forgetful must declare what it reads"):

        class Forgetful(Trigger):
            policy: Literal["forgetful"] = "forgetful"

            def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
                return self.not_applicable("nothing was declared")
