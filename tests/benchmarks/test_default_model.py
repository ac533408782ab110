"""The comparison of default models fits and scores as the matrices of the policies do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import default_model
from benchmarks.policy_streams import Stream, training


@pytest.fixture(params=["regression", "binary"])
def stream(request: pytest.FixtureRequest) -> Stream:
    rng = np.random.default_rng(0)
    number, label = rng.normal(size=2000), rng.choice(["a", "b"], 2000)
    target = 2 * number + (label == "a") + rng.normal(scale=0.1, size=2000)
    frame = pd.DataFrame({"number": number, "label": pd.Series(label, dtype=object)})
    if request.param == "binary":
        return Stream("made", frame, pd.Series((target > 0).astype(int)), "binary", "log_loss", ("label",))
    return Stream("made", frame, pd.Series(target), "regression", "mae", ("label",))


def test_a_split_is_fitted_and_scored_as_its_stream(stream: Stream) -> None:
    """The same rows with the same settings give the same losses, and each model beats the naive constant."""
    split = default_model.splits(stream)[0]
    settings = {"estimator": "xgboost", "params": default_model.BEFORE}
    before = default_model.as_before(split)
    same = stream.losses(stream.fitted(split.parts()[0], training(**settings)), split.test)
    assert before == same.mean()
    assert before < default_model.naive(split) / 2
