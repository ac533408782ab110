"""Names and inputs that a fitted model keeps; how they are compared is proven in test_adopting.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xgboost
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.adopted_inputs import Declared, Opened, inputs_of, own_names
from tests.streams import config, stream

NUMBERS = ["amount", "speed"]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        make_pipeline(StandardScaler(), LinearRegression()),
        xgboost.XGBRegressor(n_estimators=2),
    ],
)
def test_a_model_keeps_the_names_of_a_frame_and_none_of_an_array(model: Any, named: bool) -> None:
    """As its library keeps them, in the order of the fit."""
    frame = stream(5)
    fitted = model.fit(frame[NUMBERS] if named else frame[NUMBERS].to_numpy(), frame.y)
    assert own_names(fitted) == (tuple(NUMBERS) if named else None)
    if hasattr(fitted, "get_booster"):
        assert own_names(fitted.get_booster()) == (tuple(NUMBERS) if named else None)


def test_an_optional_input_that_the_config_lacks_is_not_needed() -> None:
    """A signature may name columns that a row need not have."""

    class Python:
        def predict(self, frame: Any) -> Any:
            return frame.amount

    inputs = (Declared(name="amount", type="double"), Declared(name="extra", type="double", required=False))
    frame, project = stream(5), Project.model_validate({**config(), "file": Path("model.yaml")})
    made, named = inputs_of(project, Opened("m", Python(), inputs), frame, [*frame.columns], [])
    assert ([one.name for one in made], named) == (["amount"], True)
