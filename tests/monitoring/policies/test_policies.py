"""Laws that every policy keeps, whatever it looks at; a policy that is forgotten here fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from driftloop.monitoring import policies
from driftloop.monitoring.policies import AnyGuard, AnyTrigger, Cost, Trigger
from driftloop.monitoring.records import History, PastRetrain, Signals, changed
from tests.every_policy import EXAMPLES, classes, made
from tests.signals import NOTHING, NOW, past, signals, slices

STEADY = past(8.0, 8.1, 7.9, 8.0, 8.05)
DRIFTING = [signals(drifted=n) for n in range(5)]
RISING = [signals(loss=loss) for loss in (4.0, 8.0, 9.9, 10.0, 12.0, 100.0)]
GAPING = [signals(gap=gap) for gap in (-5.0, 0.0, 0.1, 0.5, 2.0, 50.0)]
# From good to bad, for each trigger that looks at something: worse evidence never turns fire into hold.
WORSENING: dict[str, tuple[History, list[Signals]]] = {
    "any_of": (History(), DRIFTING),
    "all_of": (History(), [signals(drifted=n, loss=8.0 + n) for n in range(5)]),
    "at_least": (History(), [signals(drifted=n, loss=8.0 + n) for n in range(5)]),
    "k_of_n": (History(), DRIFTING),
    "auto_quantile": (STEADY, DRIFTING),
    "cara": (STEADY, RISING),
    "drift_share": (History(), DRIFTING),
    "gated_probe_debt": (past(8.0, 8.0), GAPING),
    "loss_cusum": (STEADY, RISING),
    "loss_ztest": (STEADY, RISING),
    "max_age": (History(), [signals(age=age) for age in (0.0, 29.9, 30.0, 31.0, 1000.0)]),
    "new_rows": (History(), [signals(rows=rows) for rows in (0, 500, 999, 1000, 5000)]),
    "performance_drop": (History(), RISING),
    "prediction_drift": (History(), DRIFTING),
    "recoverable_loss": (past(8.0, 8.0), GAPING),
    "schedule": (History(), [signals(age=age) for age in (0.0, 1.0, 29.0, 300.0)]),
    "slice_drop": (History(), [changed(signals(), slices=slices(rise)) for rise in (0.0, 0.1, 0.2, 0.25, 0.3, 5.0)]),
    "target_drift": (History(), DRIFTING),
}
# Those that look at nothing of the present, or at the number of checks alone.
BLIND = {"always", "never", "periodic"}
# That whose evidence has a test file of its own.
ELSEWHERE = {"estimated_loss"}
SHARED = {"__init__", "base", "composition", "learning", "recalibrating", "staleness", "tenure"}


def test_every_policy_is_tried() -> None:
    """Every policy of the unions has an example for the laws of this file, and every file is registered everywhere."""
    assert {kind.model_fields["policy"].default for kind in classes()} == set(EXAMPLES)
    assert {kind.__name__ for kind in classes()} <= set(policies.__all__)
    folder = Path(policies.__file__).parent
    concrete = {kind.__module__.rsplit(".", 1)[1] for kind in classes()}
    assert {file.stem for file in folder.glob("*.py")} - SHARED == concrete
    triggers = {kind.model_fields["policy"].default for kind in classes() if kind.role == "trigger"}
    assert triggers == set(WORSENING) | BLIND | ELSEWHERE


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_input_gives_the_same_vote(name: str) -> None:
    """A policy is a pure function of its arguments."""
    observed = signals(drifted=3, loss=12.0, age=99.0)
    assert made(name).judge(observed, History(), NOW) == made(name).judge(observed, History(), NOW)


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_seen_never_fires(name: str) -> None:
    """With no signal and no history no trigger fires: a cold start is no reason to retrain."""
    assert made(name).judge(NOTHING, History(), NOW).vote != "fire"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_vote_explains_itself(name: str) -> None:
    """A vote carries the policy's name and a sentence; with an observed number comes the threshold."""
    for values in (NOTHING, signals(drifted=3, loss=12.0, age=99.0)):
        vote = made(name).judge(values, History(retrains=(PastRetrain(now=NOW, promoted=True),)), NOW)
        assert vote.policy == name
        assert len(vote.reason) > 10
        assert vote.observed is None or vote.threshold is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_probe_that_is_there_is_not_asked_for_again(name: str) -> None:
    """Anyone who wants a probe is content once it was made, and no one wants one where nothing was seen."""
    policy = made(name)
    if isinstance(policy, Trigger):
        assert not policy.wants_probe(signals(gap=9.0), STEADY, NOW)
        assert not policy.wants_probe(NOTHING, History(), NOW)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_price_reaches_those_who_weigh_costs(name: str) -> None:
    """A price changes nothing but a cost that the YAML left open."""
    given = made(name)
    assert given.priced(9.0) == given
    open_ = TypeAdapter(AnyTrigger | AnyGuard).validate_python(
        {"policy": name, **{key: value for key, value in EXAMPLES[name].items() if key != "cost"}}
    )
    priced = open_.priced(9.0)
    assert getattr(priced, "cost", Cost(retrain=9.0)) == Cost(retrain=9.0)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_policy_only_states_what_its_role_allows(name: str) -> None:
    """Triggers propose and guards veto, never the other way round."""
    allowed = {"trigger": {"fire", "hold", "not_applicable"}, "guard": {"allow", "veto"}}[made(name).role]
    for observed in (NOTHING, signals(), signals(drifted=4, loss=99.0, age=999.0)):
        assert made(name).judge(observed, History(), NOW).vote in allowed


@pytest.mark.parametrize("name", EXAMPLES)
def test_yaml_round_trip_and_unknown_field(name: str) -> None:
    """The class is its YAML: what is written is read back, and an unknown key is refused."""
    policy = made(name)
    adapter = TypeAdapter(AnyTrigger | AnyGuard)
    assert adapter.validate_python(policy.model_dump()) == policy
    with pytest.raises(ValidationError, match="extra"):
        adapter.validate_python({**policy.model_dump(), "tresh": 1})


@pytest.mark.parametrize("name", WORSENING)
def test_worse_evidence_never_turns_fire_into_hold(name: str) -> None:
    """Along worsening evidence a trigger changes its mind once at most, from hold to fire."""
    history, worse = WORSENING[name]
    votes = [made(name).judge(observed, history, NOW).vote for observed in worse]
    assert votes[0] == "hold"
    assert votes[-1] == "fire"
    assert votes == sorted(votes, key=["hold", "fire"].index)


@pytest.mark.parametrize(
    ("name", "observed"),
    [
        ("drift_share", signals(drifted=2)),
        ("performance_drop", signals(loss=10.0)),
        ("max_age", signals(age=30.0)),
        ("always", signals(rows=1)),
        ("any_of", signals(drifted=2)),
        ("all_of", signals(drifted=2, loss=10.0)),
        ("at_least", signals(drifted=2, loss=10.0)),
        ("cara", signals(loss=10.0)),
        ("new_rows", signals(rows=1000)),
        ("loss_ztest", signals(loss=8.0 + 3 * 0.01 / 1.96 + 1e-12)),
    ],
)
def test_a_trigger_fires_at_its_threshold_exactly(name: str, observed: Signals) -> None:
    """At the threshold means fire."""
    assert made(name).judge(observed, History(), NOW).vote == "fire"
