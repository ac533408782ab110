"""What is compared: the grid or what was asked for, next to never, always and the config's own."""

from __future__ import annotations

import pytest

from driftloop.monitoring.errors import UnknownPolicy
from driftloop.monitoring.policies import (
    Always,
    AnyOf,
    Cooldown,
    DriftShare,
    KOfN,
    Never,
    PerformanceDrop,
    Periodic,
    RecoverableLoss,
)
from driftloop.pipelines.backtest.candidates import candidates
from driftloop.pipelines.backtest.grid import GRID
from driftloop.pipelines.config.project import Policies

OWN = Policies(triggers=(PerformanceDrop(max_rise=0.07),), guards=(Cooldown(days=7),))


def test_by_default_all_of_the_grid_next_to_anchors_and_own() -> None:
    """Never and always are without guards, everything else with those of the config; no name comes twice."""
    made = candidates(OWN)
    assert len(made) == 3 + len(GRID)
    assert [one.kind for one in made[:3]] == ["anchor", "anchor", "own"]
    assert [one.group for one in made[:2]] == [(Never(),), (Always(),)]
    assert made[2].name == "config: performance_drop(max_rise=0.07)"
    assert all(one.guards == OWN.guards for one in made[2:])
    assert len({one.name for one in made}) == len(made)


def test_a_name_selects_its_entries_or_its_defaults() -> None:
    """`periodic` is every period of the grid, `schedule` the one with its defaults; own only where asked for."""
    assert [one.name for one in candidates(OWN, ["periodic", "schedule"])][2:] == [
        *("periodic(every=2)", "periodic(every=4)", "periodic(every=8)", "periodic(every=16)", "schedule()"),
    ]
    assert [one.kind for one in candidates(OWN, ["config", "cara"])] == ["anchor", "anchor", "own", "rule"]
    assert len(candidates(OWN, ["never", "cara", "cara"])) == 3


def test_a_rule_that_weighs_costs_is_given_the_cost() -> None:
    """So that what is pasted states it; the config's own keep what they have."""
    (found,) = candidates(OWN, ["gated_probe_debt"], cost=0.7)[2:]
    assert found.triggers[0].model_dump()["cost"]["retrain"] == 0.7
    own = Policies(triggers=(RecoverableLoss(),))
    assert candidates(own, ["config"], cost=0.7)[2].triggers == own.triggers


@pytest.mark.parametrize("name", ["periodc", "max_age", "cooldown"])
def test_what_cannot_be_compared_is_refused(name: str) -> None:
    """A wrong name, a rule that needs a number, a guard: reported with what there is."""
    with pytest.raises(UnknownPolicy) as caught:
        candidates(OWN, [name])
    assert caught.value.found == f"unknown policy {name!r} in --policies"
    assert "'recoverable_loss'" in caught.value.expected
    assert ("Did you mean 'periodic'?" in caught.value.remedy) == (name == "periodc")


def test_what_reads_drift_is_known_at_any_depth() -> None:
    """A rule within a rule counts; a rule on losses does not."""
    nested = Policies(triggers=(AnyOf(triggers=(Never(), KOfN(k=1, n=2, trigger=DriftShare()))),), guards=())
    assert candidates(nested, ["config"])[2].looks_at_drift
    reading = {one.name.partition("(")[0] for one in candidates(OWN) if one.looks_at_drift}
    assert reading == {"drift_share", "auto_quantile", "target_drift"}


def test_what_the_config_has_is_listed_once() -> None:
    """A rule of the grid that is the config's own, its cost included, is not listed next to it."""
    own = Policies(triggers=(RecoverableLoss(),), guards=())
    names = [one.name for one in candidates(own, ["recoverable_loss", "config"])]
    assert names == ["never", "always", "config: recoverable_loss()", "recoverable_loss(horizon=12)"]


def test_a_rule_of_the_grid_that_the_config_has_is_there_once() -> None:
    """As the config's own, before the others, which keep the order of the grid."""
    own = Policies(triggers=(Periodic(every=4),), guards=())
    made = candidates(own, ["cara", "periodic", "config"])
    assert [one.name for one in made][2:] == [
        *("config: periodic(every=4)", "cara()", "periodic(every=2)", "periodic(every=8)", "periodic(every=16)"),
    ]
