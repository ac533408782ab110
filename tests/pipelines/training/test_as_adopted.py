"""The estimator `as_adopted`: class and parameters of the adopted model, on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training import as_adopted
from driftloop.pipelines.training.adopted_inputs import Opened
from driftloop.pipelines.training.adopting import adopt
from driftloop.pipelines.training.probe import fit_probe
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import learn
from tests.streams import config, stream

NUMBERS, WORDS = ["amount", "speed"], ["city", "kind"]
NAMES = [*NUMBERS, *WORDS]


def project(task: str, **changes: Any) -> Project:
    made = config(task=task, training__estimator="as_adopted", **{"training__params": {}, **changes})
    return Project.model_validate({**made, "file": Path("model.yaml")})


def provided(model: Any, frame: pd.DataFrame, given: Project) -> Scorer:
    made = adopt(given, Opened("models:/m/1", model, None), frame, [*frame.columns]).scorer
    as_adopted.provide(given.model, "m-1", made)
    return made


def test_a_pipeline_is_fitted_again_with_its_own_parameters() -> None:
    """The same class, steps and parameters; those of the config come on top; the first one is left as it is."""
    frame = stream(14, task="binary")
    old, new = frame.iloc[:600], frame.iloc[600:]
    words = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(
        make_column_transformer(("passthrough", NUMBERS), (words, WORDS)), LogisticRegression(C=0.01, max_iter=300)
    ).fit(old[NAMES], old.y)
    before = model.predict_proba(new[NAMES])
    first = provided(model, old, project("binary"))
    made = learn(project("binary"), new, {})
    assert made.estimator[-1].get_params() == model[-1].get_params()
    assert np.allclose(made.predict(new), model.fit(new[NAMES], new.y).predict_proba(new[NAMES]))
    assert np.allclose(before, first.predict(new)) or first.estimator is model
    other = learn(project("binary", training__params={"logisticregression__C": 5.0}), new, {})
    assert other.estimator[-1].C == 5.0
    with pytest.raises(EstimatorError, match="no_such"):
        learn(project("binary", training__params={"no_such": 5.0}), new, {})
    as_adopted.verify(first, NAMES, {"logisticregression__C": 5.0})
    with pytest.raises(EstimatorError, match="Pipeline has no parameter 'no_such'"):
        as_adopted.verify(first, NAMES, {"no_such": 5.0})
    with pytest.raises(EstimatorError, match="takes 'kind', which the config does not have"):
        as_adopted.verify(first, NAMES[:-1], {})


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("booster", [True, False])
def test_xgboost_keeps_objective_rounds_and_categories(task: str, booster: bool) -> None:
    """What its file keeps is copied, and scores are of the same shape and classes; new categories are learned."""
    frame = stream(14, task=task)
    inputs = frame[NAMES].astype(dict.fromkeys(WORDS, "category"))
    names = sorted(frame.y.unique()) if task != "regression" else []
    target = frame.y if task == "regression" else frame.y.map(names.index)
    kind = xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier
    model = kind(n_estimators=7, max_depth=3, enable_categorical=True).fit(inputs, target)
    given = project(task, training__params={"max_depth": 3})
    first = provided(model.get_booster() if booster else model, frame, given)
    grown = frame.assign(city=frame.city.replace({"rome": "oslo"}))
    made = learn(given, grown, {})
    assert type(made.estimator) is type(first.estimator)
    fresh = made.estimator if booster else made.estimator.get_booster()
    assert fresh.num_boosted_rounds() == 7
    assert made.classes == first.classes == tuple(names)
    assert np.allclose(made.predict(grown), first.predict(frame), atol=1e-4), "oslo is what rome was"
    assert fit_probe(given, grown, here=True).predict(grown).shape == made.predict(grown).shape


def test_what_cannot_be_fitted_again_reports_it() -> None:
    """A python model has no fit; no model may have been adopted; a column may be gone."""

    class Python:
        def predict(self, frame: pd.DataFrame) -> Any:
            return frame.amount

    frame, given = stream(10), project("regression")
    provided(Python(), frame, given)
    with pytest.raises(EstimatorError, match="cannot be fitted again"):
        learn(given, frame, {})
    with pytest.raises(EstimatorError, match="`driftloop adopt CONFIG URI`"):
        learn(project("regression", model="another"), frame, {})
    with pytest.raises(EstimatorError, match="takes 'kind'"):
        learn(project("regression", columns__categorical=["city"]), frame, {})
