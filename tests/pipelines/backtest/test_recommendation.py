"""What is recommended was chosen earlier and is judged later; what fails there is not confirmed."""

from __future__ import annotations

import numpy as np

from driftloop.monitoring.policies import Periodic, RecoverableLoss
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


def test_a_config_that_is_the_first_of_the_rules_is_not_left_for_its_like() -> None:
    """Two horizons that retrain alike: the config's is kept, though another rule was cheaper by chance."""
    rule = {"policy": "recoverable_loss", "cost": {"retrain": 0.2}}
    hard = aging(rate=0.05, seed=1)
    found = done(hard, RecoverableLoss.model_validate(rule), ("recoverable_loss", "cara", "loss_cusum", "config"))
    assert found.recommendation is not None
    assert found.recommendation.cheapest != found.recommendation.name
    assert found.recommendation.own


def test_a_choice_that_fails_on_the_later_part_is_not_confirmed() -> None:
    """Aging that ends in the middle: what paid earlier costs more than the config later."""
    matrices = aging(rate=0.4)
    matrices.loss[:, 26:] = np.where(np.isnan(matrices.loss[:, 26:]), np.nan, 1.0)
    found = done(matrices, own=Periodic(every=20), asked=("config", "periodic")).recommendation
    assert found is not None
    assert not found.confirmed
    assert found.saving is not None
    assert found.saving < 0


def test_nothing_is_recommended_of_one_policy() -> None:
    """There is no choice in one rule."""
    assert done(aging(), asked=("cara",)).recommendation is None
