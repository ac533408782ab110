"""A column of which nothing fits the reference has drifted as far as any column can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.reference import profiled
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.profiles import like
from driftloop.monitoring.quality.preflight import excluded_columns, fatal
from driftloop.monitoring.records import ColumnScore, Finding
from driftloop.monitoring.report import measure
from tests import judged, streams
from tests.monitoring.quality.test_preflight import inspected

OWN = [name for name, method in METHODS.items() if method.own and "categorical" in method.kinds]


def re_encoded(share: float, method: str = "tvd") -> tuple[tuple[Finding, ...], ColumnScore]:
    """The findings and the score of a category of which so large a share of the rows is spelled otherwise."""
    config = judged.monitored(drift={"columns": {"kind": {"method": method}}})
    noise = np.random.default_rng(1)
    before, now = (judged.rows(config, seed=seed).assign(prediction=noise.normal(size=700)) for seed in (0, 1))
    changed = np.arange(len(now)) < share * len(now)
    now = now.assign(kind=np.where(changed, now["kind"].str.upper(), now["kind"]))
    reference = judged.reference(config, before.drop(columns="prediction"))
    due = pd.Series(np.full(len(now), True))
    found = inspected(now, reference, config, source_types=judged.TYPES, labels_due=due)
    columns = tuple(column for column in reference.columns if column.name not in excluded_columns(found))
    profiles = profiled(before, config, streams.day(7))
    decided = judge(profiles, like(profiles, now), columns, config.drift)
    scores = measure(before, now, columns, config.drift, decided).scores
    return found, next(score for score in scores if score.name == "kind")


@pytest.mark.parametrize("method", [*OWN, "evidently:psi", "evidently:chisquare"])
def test_a_category_that_is_re_encoded_as_a_whole_has_drifted(method: str) -> None:
    """By every method, and the finding is an error, which is a notification, without ending the check."""
    found, score = re_encoded(1.0, method)
    assert score.drifted
    assert ("unseen_categories", "error") in {(one.code, one.severity) for one in found}
    assert fatal(found) == ()


def test_the_last_row_makes_no_cliff() -> None:
    """All rows re-encoded are at least as far away as all but one."""
    scores = [re_encoded(share)[1] for share in (0.5, 0.998, 1.0)]
    assert all(score.drifted for score in scores)
    assert [score.score for score in scores] == sorted(score.score for score in scores)
