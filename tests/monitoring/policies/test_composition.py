"""Rules over rules: any_of, all_of, at_least, k_of_n."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from driftloop.monitoring.policies import (
    AllOf,
    AnyOf,
    AnyTrigger,
    AtLeast,
    DriftShare,
    KOfN,
    Never,
    PerformanceDrop,
    Trigger,
)
from driftloop.monitoring.policies import RecoverableLoss as Recoverable
from driftloop.monitoring.records import History, PastCheck
from tests.signals import NOW, past, signals

DRIFT, LOSS = DriftShare(threshold=0.5), PerformanceDrop(max_rise=0.25)
CANNOT = DriftShare(weighted=True)


def vote(trigger: Trigger, history: History | None = None, *, drifted: int = 0, loss: float = 8.0) -> str:
    return trigger.judge(signals(drifted=drifted, loss=loss), history or History(), NOW).vote


def fired(*rules: tuple[str, ...]) -> History:
    """Past checks of the same champion in which these rules fired."""
    checks: tuple[PastCheck, ...] = past(*[8.0] * len(rules)).checks
    return History(
        checks=tuple(check.model_copy(update={"fired": rule}) for check, rule in zip(checks, rules, strict=True))
    )


def test_any_all_and_at_least_count_the_members_that_fire() -> None:
    """One member of two is enough for any_of and too few for all_of; at_least asks for its own number."""
    assert [vote(AnyOf(triggers=(DRIFT, LOSS)), drifted=n, loss=8 + n) for n in (0, 2)] == ["hold", "fire"]
    assert vote(AnyOf(triggers=(DRIFT, LOSS)), drifted=4) == "fire"
    assert vote(AllOf(triggers=(DRIFT, LOSS)), drifted=4) == "hold"
    assert vote(AllOf(triggers=(DRIFT, LOSS)), drifted=4, loss=12) == "fire"
    assert vote(AtLeast(k=2, triggers=(DRIFT, LOSS, Never())), drifted=4, loss=12) == "fire"
    assert vote(AtLeast(k=2, triggers=(DRIFT, LOSS, Never())), drifted=4) == "hold"


def test_members_that_cannot_judge_do_not_fire() -> None:
    """One such member holds all_of back and leaves any_of to the rest; with none that can, nothing is judged."""
    assert vote(AllOf(triggers=(DRIFT, CANNOT)), drifted=4) == "hold"
    assert vote(AnyOf(triggers=(DRIFT, CANNOT)), drifted=4) == "fire"
    assert vote(AnyOf(triggers=(CANNOT,)), drifted=4) == "not_applicable"
    assert vote(KOfN(k=1, trigger=CANNOT), drifted=4) == "not_applicable"


def test_a_composition_shows_the_votes_of_its_members() -> None:
    """Every member's vote is in the vote, at any depth, and its sentence in the reason."""
    nested = AnyOf(triggers=(AllOf(triggers=(DRIFT, LOSS)), Never()))
    made = nested.judge(signals(drifted=4), History(), NOW)
    assert [member.policy for member in made.members] == ["all_of", "never"]
    assert [member.policy for member in made.members[0].members] == ["drift_share", "performance_drop"]
    assert "4 of 4 features drifted" in made.reason


def test_k_of_n_asks_for_a_rule_that_fires_again() -> None:
    """Two of three: the first time holds, with one of the last two it fires; what is further back is forgotten."""
    rule, trigger = (DRIFT.rule,), KOfN(k=2, n=3, trigger=DRIFT)
    assert vote(trigger, drifted=4) == "hold"
    assert vote(trigger, fired(rule, ()), drifted=4) == "fire"
    assert vote(trigger, fired(rule, (), ()), drifted=4) == "hold"


def test_k_of_n_holds_when_it_is_over() -> None:
    """A member that holds now is no reason, however often it fired before."""
    assert vote(KOfN(k=2, n=3, trigger=DRIFT), fired((DRIFT.rule,), (DRIFT.rule,))) == "hold"


def test_k_of_n_counts_its_own_member_alone() -> None:
    """Past votes of the same policy with another parameter are another rule's."""
    other = DriftShare(threshold=0.25)
    assert vote(KOfN(k=2, n=3, trigger=DRIFT), fired((other.rule,)), drifted=4) == "hold"


def test_what_k_of_n_counts_later_is_in_its_vote() -> None:
    """A vote carries the rules that fired in it, at any depth, and a rule that held is not among them."""
    trigger = AnyOf(triggers=(KOfN(k=2, trigger=DRIFT), KOfN(k=2, trigger=LOSS)))
    made = trigger.judge(signals(drifted=4), History(), NOW)
    assert made.vote == "hold"
    assert made.fired_rules() == (DRIFT.rule,)


def test_a_rule_has_the_same_name_however_it_was_made() -> None:
    """The line that finds past votes names each member, whether objects or a YAML made the composition."""
    adapter: TypeAdapter[Trigger] = TypeAdapter(AnyTrigger)
    objects = AnyOf(triggers=(Never(), KOfN(k=2, trigger=Recoverable())))
    rule = "any_of(triggers=[never(), k_of_n(k=2, trigger=recoverable_loss())])"
    assert objects.rule == rule
    inner = {"policy": "k_of_n", "k": 2, "trigger": {"policy": "recoverable_loss"}}
    assert adapter.validate_python({"policy": "any_of", "triggers": [{"policy": "never"}, inner]}).rule == rule
    priced = {"policy": "at_least", "k": 1, "triggers": [{"policy": "cara", "cost": {"retrain": 0.25}}]}
    assert adapter.validate_python(priced).rule == "at_least(triggers=[cara(cost=(retrain=0.25))], k=1)"


def test_numbers_that_no_vote_can_reach_are_refused() -> None:
    """More of k than there are members or checks is an error of the config, with what would do."""
    adapter: TypeAdapter[Trigger] = TypeAdapter(AnyTrigger)
    with pytest.raises(ValidationError, match="k up to the number of triggers, 1"):
        adapter.validate_python({"policy": "at_least", "k": 2, "triggers": [{"policy": "never"}]})
    with pytest.raises(ValidationError, match="k up to n, 3"):
        adapter.validate_python({"policy": "k_of_n", "k": 4, "n": 3, "trigger": {"policy": "never"}})


def test_a_probe_is_made_for_every_member_of_a_composition() -> None:
    """A composition wants a probe when a member does, and passes a price on."""
    late = past(8.0, 8.0, 12.0)
    for trigger in (AnyOf(triggers=(Never(), Recoverable())), KOfN(k=1, trigger=Recoverable())):
        assert trigger.wants_probe(signals(loss=12.0, batches=4.0), late, NOW)
        assert "retrain=0.7" in trigger.priced(0.7).rule
    assert not AnyOf(triggers=(Never(), DRIFT)).wants_probe(signals(loss=12.0, batches=4.0), late, NOW)
