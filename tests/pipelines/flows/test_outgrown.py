"""What the config has moved on from is no broken data; what it still names is."""

from __future__ import annotations

import pytest

from driftloop.monitoring.decision import OUTGROWN, decide
from driftloop.monitoring.policies import AnyOf, Cooldown, MaxAge, Never, Policy, Trigger
from driftloop.monitoring.records import Finding, History, Kind, Outcome, PastCheck, PastRetrain, Signals
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.outgrown import ahead_of_source, explained
from tests import judged, streams
from tests.outcomes import found
from tests.signals import signals
from tests.streams import day

OLD = MaxAge(max_age_days=300)


def project(**kinds: Kind) -> Project:
    """A config with these features, by name and kind."""
    numeric, categorical = (
        [name for name, kind in kinds.items() if kind == wanted] for wanted in ("numeric", "categorical")
    )
    return Project.model_validate(streams.config(columns__numeric=numeric, columns__categorical=categorical))


REFERENCE = judged.reference(judged.monitored())
SAME: dict[str, Kind] = {"amount": "numeric", "speed": "numeric", "city": "categorical", "kind": "categorical"}


@pytest.mark.parametrize(
    ("config", "gone", "codes"),
    [
        (project(**SAME), (), {"speed": ("nulls", "fatal"), "city": ("nulls", "warning")}),
        (
            project(amount="numeric", city="categorical"),
            ("speed",),
            {"speed": (OUTGROWN, "error"), "city": ("nulls", "warning")},
        ),
        (project(**{**SAME, "speed": "categorical"}), (), {"speed": (OUTGROWN, "error"), "city": ("nulls", "warning")}),
    ],
)
def test_a_feature_is_broken_only_if_the_config_names_it_as_the_champion_does(
    config: Project, gone: tuple[str, ...], codes: dict[str, tuple[str, str]]
) -> None:
    """Otherwise it is the champion that is outgrown: an error with the command, which stops nothing."""
    findings: tuple[Finding, ...] = (
        found("nulls", "fatal", "speed"),
        found("type_changed", "error", "speed"),
        found("nulls", "warning", "city"),
    )
    if codes["speed"][0] == "nulls":
        findings = (findings[0], findings[2])
    result = explained(config, REFERENCE, "3", frozenset(gone), findings)
    assert {one.column: (one.code, one.severity) for one in result} == codes
    assert all("driftloop retrain" in one.message for one in result if one.code == OUTGROWN)


def test_a_gone_feature_is_named_though_nothing_was_found_in_it() -> None:
    """One that was nearly always empty is as gone as any other."""
    (one,) = explained(project(amount="numeric"), REFERENCE, "3", frozenset({"speed"}), ())
    assert (one.code, one.column) == (OUTGROWN, "speed")


def test_a_new_feature_that_the_source_lacks_is_named() -> None:
    """A retrain with it could not succeed; a derived one, and one that the champion has, are not looked for."""
    config = project(amount="numeric", sped="numeric", city="categorical")
    (one,) = ahead_of_source(config, REFERENCE, judged.TYPES)
    assert (one.code, one.severity, one.column) == ("config_column_lost", "error", "sped")
    assert "Did you mean 'speed'" in one.message
    derived = config.columns.model_copy(update={"derived": {"sped": "speed + 1"}})
    assert ahead_of_source(config.model_copy(update={"columns": derived}), REFERENCE, judged.TYPES) == ()
    assert ahead_of_source(project(**SAME), REFERENCE, {"ts": "timestamp", "y": "double"}) == ()


@pytest.mark.parametrize(
    ("triggers", "guards", "action"),
    [
        ((OLD,), (), "retrain"),
        ((Never(),), (), "wait"),
        ((Never(), OLD), (), "retrain"),
        ((AnyOf(triggers=(Never(),)),), (), "wait"),
        ((OLD,), (Cooldown(days=7),), "wait"),
    ],
)
def test_an_outgrown_champion_asks_by_the_usual_decision(
    triggers: tuple[Trigger, ...], guards: tuple[Policy, ...], action: str
) -> None:
    """It is a trigger next to the others: guards may veto it, and a model that is never retrained by itself is not."""
    observed: Signals = signals().model_copy(update={"findings": (found(OUTGROWN, "error", "speed"),)})
    history = History(retrains=(PastRetrain(now=day(34), promoted=False),))
    decision = decide(triggers, guards, observed, history, day(35))
    assert decision.action == action
    assert decide(triggers, guards, signals(), history, day(35)).action == "wait"


def test_an_outgrown_champion_waits_once_it_was_answered() -> None:
    """Weekly checks of a champion that no challenger beats: asked for at the first and every fifth check after it."""
    observed: Signals = signals().model_copy(update={"findings": (found(OUTGROWN, "error", "speed"),)})
    asked: list[int] = []
    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()
    for week in range(1, 13):
        now = day(7 * week)
        decision = decide((OLD,), (), observed, History(checks=checks, retrains=retrains), now)
        if decision.action == "retrain":
            asked.append(week)
            retrains += (PastRetrain(now=now, promoted=False),)
        fired = tuple(rule for vote in decision.votes for rule in vote.fired_rules())
        checks += (PastCheck(now=now, outcome=Outcome.REJECTED, champion=observed.champion, fired=fired),)
    assert asked == [1, 6, 11]
    assert "the next request follows after 4 checks (this is check 1)" in decision.reason


@pytest.mark.parametrize("column", ["speed", "city"])
def test_another_outgrown_feature_is_asked_for_immediately(column: str) -> None:
    """Only the same request is a repetition: a retrain for another reason, or without another feature, is none."""
    observed: Signals = signals().model_copy(update={"findings": (found(OUTGROWN, "error", column),)})
    fired = {"speed": (), "city": (f"{OUTGROWN}(speed)",)}[column]
    check = PastCheck(now=day(28), outcome=Outcome.REJECTED, champion=observed.champion, fired=fired)
    history = History(checks=(check,), retrains=(PastRetrain(now=day(28), promoted=False),))
    assert decide((OLD,), (), observed, history, day(35)).action == "retrain"
