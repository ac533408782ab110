"""A model is fetched, and refused where its MLmodel file is enough to know, before anything heavy is started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from sklearn.linear_model import LinearRegression

from driftloop.monitoring.errors import AdoptionRefused
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.fetching import fetch
from driftloop.pipelines.runtime import home
from tests import streams
from tests.streams import stream


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["nothing"], "no such folder"),
        (["models:/m/1", "--tracking-uri", "sqlite:///nothing.db"], "there is no such database"),
        (["nothing", "--trained-on", "2026-02-01..2026-01-01"], "ends before it starts"),
        (["nothing", "--trained-on", "2026-02-01"], "is not a span"),
        (["nothing", "--trained-on", "yesterday..2026-02-01"], "is not a valid time"),
    ],
)
def test_the_command_refuses_before_anything_is_started(
    command: Callable[..., Any], tmp_path: Path, words: list[str], found: str
) -> None:
    """Exit code 2 with the reason, as an object with --json; nothing is left behind."""
    streams.write(tmp_path, stream(7))
    done = command("adopt", "model.yaml", *words, "--json")
    assert done.returncode == 2
    assert found in json.loads(done.stdout)["reason"]
    assert not (tmp_path / "nothing.db").exists()


def test_a_fetched_model_is_kept_under_its_content_and_a_refused_one_is_not(tmp_path: Path) -> None:
    """The same files have the same name; nothing is left of a model that is refused."""
    config = load(streams.write(tmp_path, stream(7)))
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    mlflow.sklearn.save_model(model, tmp_path / "safe", serialization_format="skops", pip_requirements=["mlflow"])
    mlflow.sklearn.save_model(
        model, tmp_path / "pickle", serialization_format="cloudpickle", pip_requirements=["mlflow"]
    )
    found = fetch(config, str(tmp_path / "safe"))
    assert fetch(config, str(tmp_path / "safe")) == found
    assert (home.adopting(found.digest) / "MLmodel").is_file()
    before = sorted(home.adopting("").iterdir())
    with pytest.raises(AdoptionRefused, match="cloudpickle"):
        fetch(config, str(tmp_path / "pickle"))
    assert sorted(home.adopting("").iterdir()) == before
