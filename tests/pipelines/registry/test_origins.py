"""What MLmodel files say of the models of others; nothing is opened for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from driftloop.monitoring.errors import AdoptionRefused
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.registry.origins import describe, digest, refuse_code, requirements

PYFUNC = {"loader_module": "mlflow.sklearn", "python_version": "3.11.0"}


def written(folder: Path, **flavors: Any) -> Path:
    folder.mkdir(exist_ok=True)
    made = {"flavors": {"python_function": PYFUNC, **flavors}, "utc_time_created": "2026-03-04 05:06:07.000008"}
    (folder / "MLmodel").write_text(yaml.safe_dump(made))
    return folder


@pytest.mark.parametrize(
    ("flavors", "code"),
    [
        ({"sklearn": {"pickled_model": "model.skops", "serialization_format": "skops"}}, None),
        ({"sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}}, "stored by cloudpickle"),
        ({"sklearn": {"pickled_model": "model.pkl"}}, "stored by pickle"),
        ({"sklearn": {"serialization_format": "skops", "code": "code"}}, "code of its own"),
        ({"xgboost": {"data": "model.ubj", "model_class": "xgboost.core.Booster"}}, None),
        ({"lightgbm": {"data": "model.lgb", "model_class": "lightgbm.basic.Booster"}}, None),
        ({"lightgbm": {"data": "model.pkl", "model_class": "lightgbm.sklearn.LGBMRegressor"}}, "model.pkl is not"),
        ({"catboost": {"data": "model.cb", "model_type": "CatBoostClassifier", "save_format": "cbm"}}, None),
        ({}, "a python model"),
        ({"prophet": {"data": "model.pr"}}, "a python model"),
    ],
)
def test_a_model_that_runs_code_is_known_before_it_is_opened(
    tmp_path: Path, flavors: dict[str, Any], code: str | None
) -> None:
    """Formats of data are free; whatever else is, needs `training.allow_pickle`."""
    found = describe("models:/m/1", written(tmp_path, **flavors))
    assert found.created.isoformat() == "2026-03-04T05:06:07.000008+00:00"
    refuse_code(found, Training(window="7d", allow_pickle=True))
    if code is None:
        refuse_code(found, Training(window="7d"))
        return
    with pytest.raises(AdoptionRefused, match=code) as caught:
        refuse_code(found, Training(window="7d"))
    assert "training.allow_pickle: true" in caught.value.remedy


def test_a_broken_file_and_a_model_without_a_flavor_are_refused(tmp_path: Path) -> None:
    """By name, with what is expected."""
    (tmp_path / "MLmodel").write_text("flavors: [")
    with pytest.raises(AdoptionRefused, match="cannot be read"):
        describe("m", tmp_path)
    (tmp_path / "MLmodel").write_text("flavors: {onnx: {data: m.onnx}}")
    with pytest.raises(AdoptionRefused, match="'onnx'"):
        describe("m", tmp_path)


def test_content_names_a_folder_and_its_requirements_come_along(tmp_path: Path) -> None:
    """A changed or renamed file is another model; packages that driftloop lists itself are left out."""
    folder = written(tmp_path / "m")
    before = digest(folder)
    (folder / "requirements.txt").write_text("# made by mlflow\nmlflow==3.1\nlightgbm[dask]==4.6\npandas<4\n")
    assert digest(folder) != before
    assert requirements(folder, frozenset({"pandas", "mlflow"})) == ["lightgbm[dask]==4.6"]
    moved = digest(folder)
    (folder / "requirements.txt").rename(folder / "others.txt")
    assert digest(folder) != moved
    assert requirements(folder, frozenset()) == []
