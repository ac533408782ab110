"""What was predicted is found again by its row and version, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.predictions.prediction_log import append, find, folder, row_keys
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.features import Features
from driftloop.pipelines.training.scorer import Scorer
from tests.streams import config, day, stream

WEEK = Window(start=day(0), end=day(7))
FEATURES = ("amount", "speed", "city", "kind")


def project(where: Path, **changes: Any) -> Project:
    return Project.model_validate({**config(**changes), "file": where / "model.yaml", "predictions": {"path": "log"}})


def version(number: str = "1", model_id: str = "m-1") -> Version:
    return Version(model="made", number=number, model_id=model_id, run_id=None, tags={})


def rows(days: int = 2) -> pd.DataFrame:
    frame = stream(days, 20)
    return frame.assign(ts=frame["ts"].dt.tz_convert("UTC").dt.as_unit("us"))


def test_what_was_logged_is_found_whatever_the_order(tmp_path: Path) -> None:
    """Rows are matched by time and features: neither order nor index nor the target play a part."""
    made, frame = project(tmp_path), rows()
    predicted = np.arange(len(frame), dtype=float)
    file = append(made, version(), WEEK, frame, predicted, ())
    assert file.parent == folder(made) == tmp_path / "log"
    mixed = frame.sample(frac=1, random_state=0).assign(y=None)
    found = find(made, version(), mixed)
    assert found.known.all()
    assert found.values.tolist() == mixed.index.to_numpy().tolist()


def test_only_this_row_of_this_version_counts(tmp_path: Path) -> None:
    """Another version, a model of another registry, a changed feature, another moment: none of them is in the log."""
    made, frame = project(tmp_path), rows()
    append(made, version(), WEEK, frame, np.zeros(len(frame)), ())
    assert not find(made, version("2"), frame).known.any()
    assert not find(made, version("1", "m-9"), frame).known.any()
    assert not find(made, version(), frame.assign(amount=frame["amount"] + 1)).known.any()
    assert not find(made, version(), frame.assign(ts=frame["ts"] + pd.Timedelta("1us"))).known.any()
    assert find(made, version(), frame.assign(ts=frame["ts"].dt.as_unit("us"))).known.all()
    assert not find(made, version(), frame.head(0)).known.any()


def test_a_partial_log_is_completed_by_scoring(tmp_path: Path) -> None:
    """Known rows keep what was served, the others are scored, in their places."""
    made, frame = project(tmp_path), rows()
    append(made, version(), WEEK, frame.head(10), np.full(10, -5.0), ())
    features = Features(numeric=("amount", "speed"), levels={})
    scorer = Scorer("regression", features, (), LinearRegression().fit(frame[["amount", "speed"]], frame["y"]))
    found = find(made, version(), frame)
    whole = found.completed(scorer, frame)
    assert whole[:10].tolist() == [-5.0] * 10
    assert whole[10:].tolist() == scorer.predict(frame.iloc[10:]).tolist()
    assert find(made, version(), frame.tail(3)).completed(scorer, frame.tail(3)).shape == (3,)


def test_probabilities_count_only_for_the_same_classes(tmp_path: Path) -> None:
    """Each class has a column; a log of other classes is as good as none."""
    made, frame = project(tmp_path, task="binary"), rows()
    result = np.column_stack([np.full(len(frame), 0.25), np.full(len(frame), 0.75)])
    append(made, version(), WEEK, frame, result, ("no", "yes"))
    found = find(made, version(), frame)
    assert found.classes == ("no", "yes")
    assert found.values.tolist() == result.tolist()
    features = Features(numeric=("amount",), levels={})
    other = Scorer("regression", features, (), DummyRegressor(constant=1.0, strategy="constant").fit([[0.0]], [1.0]))
    assert found.completed(other, frame).tolist() == [1.0] * len(frame)


@pytest.mark.parametrize("broken", ["junk", "no key", "text", "nan"])
def test_a_file_that_is_no_log_is_passed_over(tmp_path: Path, broken: str) -> None:
    """Whatever is in the folder, a check goes on: what cannot be read, or is not a number, is scored."""
    made, frame = project(tmp_path), rows()
    good = append(made, version(), WEEK, frame.head(5), np.ones(5), ())
    log = pd.read_parquet(append(made, version(), WEEK, frame.tail(5), np.ones(5), ()))
    file = good.with_name("other.parquet")
    if broken == "junk":
        file.write_bytes(b"PAR1 no parquet")
    elif broken == "no key":
        log.drop(columns="row").to_parquet(file)
    else:
        log.assign(prediction="x" if broken == "text" else np.nan).to_parquet(file)
    found = find(made, version(), frame)
    assert set(found.values.tolist()) <= {1.0}
    assert found.known[:5].all()


def test_the_same_rows_again_are_the_same_file(tmp_path: Path) -> None:
    """Two processes that log a window at the same time leave one file; other rows of it come next to it."""
    made, frame = project(tmp_path), rows()
    first = append(made, version(), WEEK, frame.head(5), np.ones(5), ())
    assert append(made, version(), WEEK, frame.head(5), np.ones(5), ()) == first
    assert append(made, version(), WEEK, frame.tail(5), np.ones(5), ()) != first
    assert len(list(folder(made).iterdir())) == 2
    assert len(find(made, version(), frame).values) == 10


def test_equal_rows_share_their_key(tmp_path: Path) -> None:
    """Two rows that no model could distinguish have one prediction."""
    made = project(tmp_path)
    twice = pd.concat([rows().head(1)] * 2, ignore_index=True)
    assert row_keys(twice, "ts", FEATURES)["row"].nunique() == 1
    append(made, version(), WEEK, twice, np.array([3.0, 3.0]), ())
    assert find(made, version(), twice).values.tolist() == [3.0, 3.0]


def test_without_a_path_the_log_is_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder a model; a path of the config starts at the YAML and may name variables."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOGS", "deep/er")
    made = project(tmp_path)
    assert (
        folder(Project.model_validate({**config(), "file": tmp_path / "m.yaml"})) == tmp_path / "state/predictions/made"
    )
    named = made.model_copy(update={"predictions": made.predictions.model_copy(update={"path": "${LOGS}/log"})})
    assert folder(named) == tmp_path / "deep/er/log"


def shop(where: Path) -> tuple[Project, pd.DataFrame]:
    """Rows with an id that is a number, and a config that names it."""
    frame = rows()
    frame.insert(0, "order_id", range(len(frame)))
    return project(where, columns__id=["order_id"]), frame


def test_rows_are_found_by_their_id(tmp_path: Path) -> None:
    """A feature or the minute may have changed since: the same id is the same row, and another id another row."""
    made, frame = shop(tmp_path)
    file = append(made, version(), WEEK, frame, np.arange(len(frame), dtype=float), ())
    assert pd.read_parquet(file)["order_id"].tolist() == [str(at) for at in range(len(frame))]
    moved = frame.assign(amount=frame["amount"] + 1, ts=frame["ts"] + pd.Timedelta("1min"))
    assert find(made, version(), moved).values.tolist() == list(range(len(frame)))
    assert not find(made, version(), moved.assign(order_id=moved["order_id"] + 1000)).known.any()


def test_of_one_id_the_prediction_for_the_same_features_counts(tmp_path: Path) -> None:
    """Two rows that share an id keep their own predictions as long as their features differ."""
    made, frame = shop(tmp_path)
    twins = frame.assign(order_id=7)
    append(made, version(), WEEK, twins, np.arange(len(frame), dtype=float), ())
    assert find(made, version(), twins).values.tolist() == list(range(len(frame)))


def test_lines_without_an_id_are_found_by_their_hash(tmp_path: Path) -> None:
    """What was logged before the config had an id still counts; so does a row whose id is missing."""
    made, frame = shop(tmp_path)
    append(project(tmp_path), version(), WEEK, frame, np.arange(len(frame), dtype=float), ())
    assert find(made, version(), frame).known.all()
    nameless = frame.assign(order_id=None)
    assert find(made, version(), nameless).values.tolist() == list(range(len(frame)))


def test_a_log_of_others_needs_no_hash(tmp_path: Path) -> None:
    """A service that knows ids writes time, id, version and prediction, and no more."""
    made, frame = shop(tmp_path)
    folder(made).mkdir()
    log = pd.DataFrame({"time": frame["ts"], "order_id": frame["order_id"], "version": "1", "prediction": 3.5})
    log.to_parquet(folder(made) / "theirs.parquet", index=False)
    assert find(made, version(), frame).values.tolist() == [3.5] * len(frame)


def test_the_hash_of_a_row_is_written_with_all_of_its_digits() -> None:
    """As a service in another language computes it: 16 hexadecimal digits of pandas' hash, zeros in front included."""
    rows = pd.DataFrame({"ts": pd.to_datetime(["2026-01-01"] * 300, utc=True), "a": np.arange(300.0)})
    expected = [f"{number:016x}" for number in pd.util.hash_pandas_object(rows[["a"]], index=False)]
    assert row_keys(rows, "ts", ["a"])["row"].tolist() == expected
