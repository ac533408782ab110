"""Laws that every policy keeps, whatever it looks at; a policy that is forgotten here fails."""

from __future__ import annotations

import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from monitoring import policies
from monitoring.policies import AnyGuard, AnyTrigger, Policy
from monitoring.records import ColumnScore, History, PastRetrain, Performance, Signals, Window

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(days=7), end=NOW)
# Every policy with the least that its YAML needs. A new one is added here, or `test_every_policy_is_tried` fails.
EXAMPLES: dict[str, dict[str, object]] = {
    "drift_share": {"threshold": 0.5},
    "performance_drop": {"max_rise": 0.25},
    "estimated_loss": {"max_rise": 0.25},
    "max_age": {"max_age_days": 30},
    "never": {},
    "always": {},
    "cooldown": {"days": 7},
    "enough_labels": {"min_labels": 100},
}


def made(name: str) -> Policy:
    return TypeAdapter(AnyTrigger | AnyGuard).validate_python({"policy": name, **EXAMPLES[name]})


def classes() -> list[type[Policy]]:
    unions = (typing.get_args(AnyTrigger)[0], typing.get_args(AnyGuard)[0])
    return [kind for union in unions for kind in typing.get_args(union)]


def scores(drifted: int, of: int = 4) -> tuple[ColumnScore, ...]:
    return tuple(
        ColumnScore(
            name=f"c{n}",
            role="feature",
            kind="numeric",
            method="psi",
            score=float(n < drifted),
            threshold=0.5,
            drifted=n < drifted,
        )
        for n in range(of)
    )


def performance(loss: float, *, rows: int = 500, spread: float = 0.01) -> Performance:
    return Performance(
        loss_name="mae", loss=loss, low=loss - spread, high=loss + spread, rows=rows, window=WINDOW, reference_loss=8.0
    )


def signals(
    *, drifted: int = 0, loss: float | None = 8.0, age: float | None = 1.0, labelled: int = 500, rows: int = 500
) -> Signals:
    return Signals(
        window=WINDOW,
        rows=rows,
        labelled_rows=labelled,
        scores=scores(drifted),
        performance=None if loss is None else performance(loss),
        champion_age=None if age is None else timedelta(days=age),
    )


NOTHING = Signals(window=WINDOW, rows=0, labelled_rows=0)
# From good to bad, for each trigger that looks at something: worse evidence never turns fire into hold.
WORSENING = {
    "drift_share": [signals(drifted=n) for n in range(5)],
    "performance_drop": [signals(loss=loss) for loss in (4.0, 8.0, 9.9, 10.0, 12.0, 100.0)],
    "max_age": [signals(age=age) for age in (0.0, 29.9, 30.0, 31.0, 1000.0)],
}


def test_every_policy_is_tried() -> None:
    """No policy is in the unions without standing in the laws of this file, and none is only half registered."""
    assert {kind.model_fields["policy"].default for kind in classes()} == set(EXAMPLES)
    assert {kind.__name__ for kind in classes()} <= set(policies.__all__)
    folder = Path(policies.__file__).parent
    concrete = {kind.__module__.rsplit(".", 1)[1] for kind in classes()}
    assert {file.stem for file in folder.glob("*.py")} - {"__init__", "base"} == concrete


@pytest.mark.parametrize("name", EXAMPLES)
def test_same_input_gives_the_same_vote(name: str) -> None:
    """A policy is a pure function of its arguments."""
    seen = signals(drifted=3, loss=12.0, age=99.0)
    assert made(name).judge(seen, History(), NOW) == made(name).judge(seen, History(), NOW)


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_seen_never_fires(name: str) -> None:
    """With no signal and no history no trigger fires: a cold start is no reason to retrain."""
    assert made(name).judge(NOTHING, History(), NOW).vote != "fire"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_vote_explains_itself(name: str) -> None:
    """A vote carries the policy's name and a sentence; with an observed number comes the threshold."""
    for seen in (NOTHING, signals(drifted=3, loss=12.0, age=99.0)):
        vote = made(name).judge(seen, History(retrains=(PastRetrain(now=NOW, promoted=True),)), NOW)
        assert vote.policy == name
        assert len(vote.reason) > 10
        assert vote.observed is None or vote.threshold is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_policy_only_says_what_its_role_allows(name: str) -> None:
    """Triggers propose and guards veto, never the other way round."""
    allowed = {"trigger": {"fire", "hold", "not_applicable"}, "guard": {"allow", "veto"}}[made(name).role]
    for seen in (NOTHING, signals(), signals(drifted=4, loss=99.0, age=999.0)):
        assert made(name).judge(seen, History(), NOW).vote in allowed


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
    votes = [made(name).judge(seen, History(), NOW).vote for seen in WORSENING[name]]
    assert votes[0] == "hold"
    assert votes[-1] == "fire"
    assert votes == sorted(votes, key=["hold", "fire"].index)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("drift_share", signals(drifted=2)),
        ("performance_drop", signals(loss=10.0)),
        ("max_age", signals(age=30.0)),
        ("always", signals(rows=1)),
    ],
)
def test_a_trigger_fires_at_its_threshold_exactly(name: str, seen: Signals) -> None:
    """At the threshold means fire."""
    assert made(name).judge(seen, History(), NOW).vote == "fire"


def test_cooldown_counts_from_the_last_retrain_whatever_its_end() -> None:
    """A rejected retrain cools down as a promoted one does; at the full span exactly it allows."""
    for days, vote in ((0, "veto"), (6.99, "veto"), (7, "allow"), (8, "allow")):
        past = PastRetrain(now=NOW - timedelta(days=days), promoted=False)
        assert made("cooldown").judge(signals(), History(retrains=(past,)), NOW).vote == vote


def test_cooldown_holds_when_the_clock_went_back() -> None:
    """A retrain that lies in the future of `now` still vetoes."""
    past = PastRetrain(now=NOW + timedelta(days=3), promoted=True)
    assert made("cooldown").judge(signals(), History(retrains=(past,)), NOW).vote == "veto"


def test_enough_labels_allows_at_its_limit() -> None:
    """As many labels as are asked for are enough."""
    assert made("enough_labels").judge(signals(labelled=100), History(), NOW).vote == "allow"
    assert made("enough_labels").judge(signals(labelled=99), History(), NOW).vote == "veto"


def test_a_rise_within_chance_does_not_fire() -> None:
    """A loss far above the reference holds while its interval still reaches the reference."""
    seen = signals().model_copy(update={"performance": performance(12.0, spread=5.0)})
    vote = made("performance_drop").judge(seen, History(), NOW)
    assert vote.vote == "hold"
    assert "interval" in vote.reason


def test_few_labelled_rows_are_not_applicable() -> None:
    """With fewer labelled rows than `min_rows` the loss is no evidence."""
    seen = signals().model_copy(update={"performance": performance(99.0, rows=29)})
    assert made("performance_drop").judge(seen, History(), NOW).vote == "not_applicable"
