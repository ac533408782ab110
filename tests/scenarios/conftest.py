"""One good champion for each config, trained once; every case brings fresh rows of its own under its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.records import Outcome
from tests.conftest import Model
from tests.streams import day, stream

FAST: dict[str, Any] = {
    "drift__report_columns": 1,
    "training__params": {"n_estimators": 10},
    "policies__triggers": [{"policy": "never"}],
}
Shared = Callable[..., Model]


@pytest.fixture(scope="session")
def champions(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Model]:
    """The model of a config, with a champion from the first three weeks of the rows."""
    made: dict[str, Model] = {}

    def champion(frame: pd.DataFrame | None = None, key: str = "", **changes: Any) -> Model:
        key = key + json.dumps(changes, sort_keys=True)
        if key not in made:
            rows = stream(task=changes.get("task", "regression")) if frame is None else frame
            made[key] = Model(tmp_path_factory.mktemp("champion")).given(rows, **{**FAST, **changes})
            check = made[key].check(day(21))
            assert check.outcome is Outcome.BOOTSTRAPPED, check.reason
        return made[key]

    return champion


@pytest.fixture
def sibling(champions: Shared, tmp_path: Any) -> Shared:
    """The shared model once more, in a folder of this test's own: the same champion, other rows or another source.

    `later` holds changes of the config that came after its training.
    """

    def make(
        fresh: pd.DataFrame | None = None,
        *,
        frame: pd.DataFrame | None = None,
        key: str = "",
        later: Any = None,
        **changes: Any,
    ) -> Model:
        twin = Model(tmp_path / "sibling")
        trained = {name: value for name, value in changes.items() if not name.startswith("source")}
        twin.name = champions(frame, key, **trained).name
        return twin.given(fresh, **{**FAST, **changes, **(later or {})})

    return make


@pytest.fixture
def alone(model: Callable[..., Model]) -> Shared:
    """A model without a champion."""

    def make(frame: pd.DataFrame | None = None, **changes: Any) -> Model:
        return model(frame, **{**FAST, **changes})

    return make
