"""What a recalibration of a version is made of; tests/scenarios/test_recalibration.py has the story of a check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from driftloop.monitoring.ledger import Ledger, Recalibrate, Request
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.training import carry_out
from driftloop.pipelines.registry import contents
from driftloop.pipelines.requests.work import settings_of
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.operations.test_adopting import SMALL, adopted, as_python
from tests.scenarios.test_recalibration import moving
from tests.streams import day

Make = Callable[..., Model]
NEWEST = Window(start=day(42), end=day(49))


def asked(made: Model, champion: str, least: float = 0.0, **more: Any) -> Any:
    """The result of a request for a recalibration alone, on the rows of NEWEST."""
    config = load(made.file)
    values: dict[str, Any] = {"now": NEWEST.end, "reason": "asked", "settings": settings_of(config), "window": NEWEST}
    request = Request(
        request_id=f"r{least}{champion}",
        model=config.model,
        champion=champion,
        recalibrate=Recalibrate(window=more.pop("rows", NEWEST), least=least, trains=False),
        **{**values, **more},
    )
    return carry_out(config, request)


@pytest.fixture
def foreign(model: Make, tmp_path: Path) -> Model:
    """An adopted model that is stored as it came, and whose target is 8 higher from day 42 on."""
    frame = moving("regression", {42: 8.0})
    as_python(frame[frame.ts < day(28)], tmp_path / "theirs")
    made = model(frame, training__allow_pickle=True, **SMALL)
    assert adopted(made, tmp_path / "theirs", day(42), day(28)).promoted
    return made


def test_an_adopted_model_is_recalibrated_as_it_came(foreign: Model) -> None:
    """Its files are copied unchanged and its reference stays, but for what it predicts and loses."""
    before = registry.champion(foreign.name)
    refused = asked(foreign, "1", least=99.0)
    assert (refused.promoted, refused.code, refused.recalibrates) == (False, "not_recalibrated", "1")
    assert "at least 99 is needed" in refused.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        assert ledger.history(foreign.name, day(60)).retrains == ()
    done = asked(foreign, "1")
    assert (done.promoted, done.code, done.version) == (True, "recalibrated", "2"), done.reason
    after = registry.champion(foreign.name)
    assert (after.number, after.recalibrates, after.newest_row) == ("2", "1", before.newest_row)
    files = [registry.model_files(each) for each in (before, after)]
    assert {name for name in files[0] if files[0][name] != files[1].get(name)} == {"scorer.json"}
    assert registry.checked(after, "requirements.txt") == registry.checked(before, "requirements.txt")
    rows = moving("regression", {}).tail(50)
    settings = load(foreign.file).training
    plain, moved = (registry.scorer(each, settings).predict(rows) for each in (before, after))
    assert np.median(moved - plain) == pytest.approx(8.0, abs=0.5)
    served = mlflow.pyfunc.load_model(f"models:/{foreign.name}@champion").predict(rows)
    assert np.allclose(np.asarray(served), moved)
    references = [registry.reference(each) for each in (before, after)]
    assert references[0].of_role("feature") == references[1].of_role("feature")
    assert references[1].loss == pytest.approx(done.challenger_loss)
    logged = registry.client().get_run(done.mlflow_run_id).data.metrics
    assert 0 < logged["gate_low"] < logged["gate_difference"] < logged["gate_high"]
    assert (logged["challenger_loss"], logged["holdout_rows"] > 0) == (done.challenger_loss, True)
    samples = [registry.reference_rows(each) for each in (before, after)]
    assert np.median(samples[1][PREDICTION] - samples[0][PREDICTION]) == pytest.approx(8.0, abs=0.5)
    profiles = [contents.profiles(each) for each in (before, after)]
    assert profiles[0]["amount"].counts.tolist() == profiles[1]["amount"].counts.tolist()
    assert foreign.check(day(56)).champion == "2"


def test_what_it_cannot_judge_leaves_the_champion(foreign: Model) -> None:
    """Rows that it was trained on, a window without rows, and a config that has changed since, each with its reason."""
    trained = asked(foreign, "1", rows=Window(start=day(14), end=day(21)))
    assert trained.reason == "no recalibration of version 1: no labeled rows that it was not trained on"
    empty = asked(foreign, "1", 0.1, rows=Window(start=day(90), end=day(97)))
    assert empty.reason == "no recalibration of version 1: no labeled rows that it was not trained on"
    few = asked(foreign, "1", 0.2, rows=Window(start=day(42), end=day(42.5)))
    assert "labeled rows to fit a recalibration on, at least 100" in few.reason
    foreign.given(performance={"loss": "mse"})
    changed = asked(foreign, "1", 0.3)
    assert "the config has changed since it was trained: the config's loss is mse" in changed.reason
    assert foreign.champion() == "1"
