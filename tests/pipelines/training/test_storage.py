"""Laws of storage: what comes back predicts the same to the last bit, and nothing else comes back."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import DriftloopError, Tampered, Untrusted
from driftloop.monitoring.records import changed
from driftloop.pipelines.training.recalibration import Recalibration
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.storage import load, save, save_recalibrated

TREES = {"HistGradientBoosting": {"max_iter": 10}, "RandomForest": {"n_estimators": 10}}
LINEAR = {"regression": "sklearn.linear_model.Ridge", "binary": "sklearn.linear_model.LogisticRegression"}


def named(name: str, task: str) -> str:
    if name in TREES:
        return f"sklearn.ensemble.{name}{'Regressor' if task == 'regression' else 'Classifier'}"
    return name if name == "xgboost" else LINEAR.get(task, LINEAR["binary"])


class Opened:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


class Strange:
    """An estimator of no one's library."""

    def __init__(self, classes: int = 0) -> None:
        self.classes = classes

    def predict(self, frame: pd.DataFrame) -> Any:
        return np.full(len(frame), 4.5)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("name", ["xgboost", "HistGradientBoosting", "RandomForest", "linear"])
def test_what_comes_back_predicts_the_same(
    name: str, task: str, rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path
) -> None:
    """Equal to the last bit, on unseen categories and nulls too; no pickle, and the manifest lists every file."""
    params = TREES.get(name, {"n_estimators": 10} if name == "xgboost" else {})
    scorer = fitted(rows, task, named(name, task), **params)
    manifest = save(scorer, tmp_path / "model")
    again = load(tmp_path / "model", manifest=manifest)
    fresh = pd.concat([rows, rows.assign(kind="never seen"), rows.assign(kind=None, size=np.nan)], ignore_index=True)
    assert np.array_equal(again.predict(fresh), scorer.predict(fresh))
    assert (again.task, again.features, again.classes) == (scorer.task, scorer.features, scorer.classes)
    written = {path.name: sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "model").iterdir()}
    assert manifest == written
    assert "model.pkl" not in written


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("name", ["xgboost", "HistGradientBoosting"])
def test_a_recalibration_is_stored_as_data(
    name: str, task: str, rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path
) -> None:
    """The files of the model stay as they were; the recalibration is in scorer.json and replaces one before."""
    params = TREES.get(name, {"n_estimators": 10})
    scorer = fitted(rows, task, named(name, task), **params)
    save(scorer, tmp_path / "old")
    files = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    numbers = Recalibration(method="shift", intercept=2.0, version="1")
    first = numbers if task == "regression" else Recalibration(method="temperature", temperature=3.0, version="1")
    second = changed(first, intercept=5.0, temperature=0.5)
    plain = scorer.predict(rows)
    for made in (first, second):
        manifest = save_recalibrated(files, made, tmp_path / str(made.temperature) / str(made.intercept), copied="1")
        again = load(tmp_path / str(made.temperature) / str(made.intercept), manifest=manifest)
        assert np.array_equal(again.predict(rows), made.apply(plain))
        assert np.array_equal(again.plain.predict(rows), plain)
        files = {each: (tmp_path / str(made.temperature) / str(made.intercept) / each).read_bytes() for each in files}
        assert {each: manifest[each] for each in files if each != "scorer.json"} == {
            each: sha256(content).hexdigest() for each, content in files.items() if each != "scorer.json"
        }


def test_a_bare_booster_comes_back(rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path) -> None:
    """What a function of the user's own may return is stored in xgboost's format as well."""
    scorer = fitted(rows, "regression", n_estimators=10)
    bare = Scorer(scorer.task, scorer.features, scorer.classes, scorer.estimator.get_booster())
    again = load(tmp_path, manifest=save(bare, tmp_path))
    assert type(again.estimator).__name__ == "Booster"
    assert np.array_equal(again.predict(rows), scorer.predict(rows))


@pytest.mark.parametrize("file", ["scorer.json", "model.ubj"])
@pytest.mark.parametrize("damage", ["changed", "gone", "unlisted"])
def test_a_file_that_was_tampered_with_is_not_read(
    file: str, damage: str, rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path
) -> None:
    """One flipped bit, a lost file or one that the manifest does not know: the model is refused, naming the file."""
    manifest = save(fitted(rows, "regression", n_estimators=5), tmp_path / "v3")
    path = tmp_path / "v3" / file
    if damage == "changed":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    else:
        del manifest[file]
    with pytest.raises(Tampered, match=f"v3: {file}"):
        load(tmp_path / "v3", manifest=manifest)


def test_a_planted_pickle_is_never_opened(rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path) -> None:
    """Without permission a pickle stays closed, even where scorer.json asks for it; with it its hash comes first."""
    scorer = fitted(rows, "regression", n_estimators=5)
    manifest = save(scorer, tmp_path)
    mark = tmp_path / "opened"
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Opened(mark)))
    assert np.array_equal(load(tmp_path, manifest=manifest).predict(rows), scorer.predict(rows))
    head = tmp_path / "scorer.json"
    head.write_text(head.read_text().replace('"format": "xgboost"', '"format": "pickle"'))
    with pytest.raises(Untrusted):
        load(tmp_path, manifest=None)
    with pytest.raises(Tampered, match=r"scorer\.json"):
        load(tmp_path, manifest=manifest, allow_pickle=True)
    manifest["scorer.json"] = sha256(head.read_bytes()).hexdigest()
    with pytest.raises(Tampered, match=r"model\.pkl"):
        load(tmp_path, manifest=manifest, allow_pickle=True)
    assert not mark.exists()


def test_a_pickle_is_written_and_read_with_leave_only(tmp_path: Path, rows: pd.DataFrame, fitted: Any) -> None:
    """What has no safe format is refused with its types, or pickled with a warning."""
    known = fitted(rows, "regression", n_estimators=5)
    scorer = Scorer("regression", known.features, (), Lambda())
    with pytest.raises(Untrusted, match="Lambda"):
        save(scorer, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    with pytest.warns(UserWarning, match="runs code when it is loaded"):
        manifest = save(scorer, tmp_path, allow_pickle=True)
    assert set(manifest) == {"scorer.json", "model.pkl"}
    with pytest.raises(Untrusted, match="Lambda"):
        load(tmp_path, manifest=manifest)
    assert (load(tmp_path, manifest=manifest, allow_pickle=True).predict(rows) == 4.5).all()


class Lambda(Strange):
    """An estimator that keeps a C function object, which no safe format takes."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = (np.random.default_rng(0), iter([1, 2]))


def test_types_are_trusted_by_name(tmp_path: Path, rows: pd.DataFrame, fitted: Any) -> None:
    """A type that is not on the list is refused on the way out and on the way in, and reported by its full name."""
    known = fitted(rows, "regression", n_estimators=5)
    scorer = Scorer("regression", known.features, (), Strange())
    name = f"{Strange.__module__}.Strange"
    with pytest.raises(Untrusted, match=name):
        save(scorer, tmp_path)
    manifest = save(scorer, tmp_path, trusted_types=[name])
    assert set(manifest) == {"scorer.json", "model.skops"}
    with pytest.raises(Untrusted, match=name):
        load(tmp_path, manifest=manifest)
    assert (load(tmp_path, manifest=manifest, trusted_types=[name]).predict(rows) == 4.5).all()


def test_another_scikit_learn_is_reported(rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path) -> None:
    """A model of another minor version of scikit-learn loads with a warning; of the same one without."""
    save(fitted(rows, "regression", "sklearn.linear_model.Ridge"), tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(tmp_path, manifest=None)
    head = json.loads((tmp_path / "scorer.json").read_text())
    (tmp_path / "scorer.json").write_text(json.dumps({**head, "library": "1.2.0"}))
    with pytest.warns(UserWarning, match=r"scikit-learn 1\.2\.0"):
        load(tmp_path, manifest=None)


def test_a_later_format_states_what_to_do(rows: pd.DataFrame, fitted: Callable[..., Scorer], tmp_path: Path) -> None:
    """A scorer.json of a later driftloop is an error with a remedy, not a guess."""
    save(fitted(rows, "regression", n_estimators=5), tmp_path)
    head = json.loads((tmp_path / "scorer.json").read_text())
    (tmp_path / "scorer.json").write_text(json.dumps({**head, "version": 2}))
    with pytest.raises(DriftloopError, match="update driftloop"):
        load(tmp_path, manifest=None)
