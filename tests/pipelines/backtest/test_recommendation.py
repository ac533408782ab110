"""What is recommended was chosen earlier and is judged later; what fails there is not confirmed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.policies import AnyOf, Periodic, RecoverableLoss
from tests.aging import aging, done


def test_a_config_that_never_retrains_is_advised_to() -> None:
    """Aging models: a rule is recommended, confirmed on the later part, with what it saves and an interval."""
    found = done(aging(seed=1)).recommendation
    assert found is not None
    assert (found.confirmed, found.own) == (True, False)
    assert found.saving is not None
    assert found.saving_low is not None
    assert 0 < found.saving_low < found.saving
    assert found.earlier.end == found.later.start
    assert found.triggers[0]["policy"] in found.name


def test_a_config_that_is_best_is_kept() -> None:
    """Models that grow better with age, a config that never retrains: kept, also next to its like."""
    found = done(aging(rate=-0.02), asked=("config", "periodic")).recommendation
    assert found is not None
    assert found.own
    assert found.name == "config: never()"


@pytest.mark.parametrize("own", [{"horizon": 5}, {"horizon": 6, "cost": {"retrain": 0.19}}, {"horizon": 12}])
@pytest.mark.parametrize("seed", range(4))
def test_a_config_is_not_replaced_by_its_like(own: dict[str, Any], seed: int) -> None:
    """Rules of one kind that retrain nearly alike: the config's stays, also where another was cheaper by chance."""
    hard = aging(rate=0.05, seed=seed)
    found = done(hard, RecoverableLoss.model_validate(own), ("recoverable_loss", "gated_probe_debt", "config"))
    assert found.recommendation is not None
    assert not found.recommendation.confirmed
    assert found.recommendation.triggers == ()


def test_a_tie_is_the_config_s() -> None:
    """A rule that retrains at the same moments costs the same: the config's own is chosen."""
    own = AnyOf(triggers=(Periodic(every=4),))
    found = done(aging(rate=0.02), own, ("config", "periodic")).recommendation
    assert found is not None
    assert (found.own, found.confirmed) == (True, False)


def test_a_choice_that_fails_on_the_later_part_is_not_confirmed() -> None:
    """Aging that ends in the middle: what paid earlier costs more than the config later."""
    matrices = aging(rate=0.4)
    matrices.loss[:, 26:] = np.where(np.isnan(matrices.loss[:, 26:]), np.nan, 1.0)
    found = done(matrices, own=Periodic(every=20), asked=("config", "periodic")).recommendation
    assert found is not None
    assert not found.confirmed
    assert found.saving is not None
    assert found.saving < 0
    assert found.triggers == ()


def test_a_saving_that_may_be_chance_is_not_confirmed() -> None:
    """Chosen on the earlier part, with a saving on the later part whose interval holds 0: nothing to paste."""
    unclear = 0
    for seed in range(8):
        matrices = aging()
        matrices.loss[:, 26:] += np.random.default_rng(seed).normal(0, 0.4, (40, 14))
        found = done(matrices, own=Periodic(every=13), asked=("config", "periodic")).recommendation
        assert found is not None
        assert found.saving_low is not None
        assert found.confirmed == (found.saving_low > 0) == bool(found.triggers)
        unclear += (found.saving or 0) > 0 >= found.saving_low
    assert unclear


def test_without_the_config_nothing_is_confirmed() -> None:
    """What was not compared cannot be shown to be costlier."""
    found = done(aging(seed=1), asked=("periodic", "cara")).recommendation
    assert found is not None
    assert (found.confirmed, found.saving, found.triggers) == (False, None, ())


def test_nothing_is_recommended_of_one_policy() -> None:
    """There is no choice in one rule."""
    assert done(aging(), asked=("cara",)).recommendation is None
