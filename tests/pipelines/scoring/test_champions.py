"""The champion is followed: promotion, rollback, a version that does not predict as stored, an unavailable registry."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import ServerUnavailable
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions.predict import predict_window
from driftloop.pipelines.registry import contents
from driftloop.pipelines.runtime import copies
from driftloop.pipelines.scoring import champions as following
from driftloop.pipelines.scoring.answer_log import AnswerLog
from driftloop.pipelines.scoring.bodies import ARROW, JSON
from driftloop.pipelines.scoring.champions import Champions
from tests.conftest import Model
from tests.pipelines.scoring.conftest import ROW
from tests.pipelines.scoring.test_bodies import stream_of
from tests.streams import day

Make = Callable[..., Model]


def followed(model: Model) -> Champions:
    found = Champions([model.file])
    found.look()
    return found


def serves(champions: Champions, model: Model) -> str:
    loaded = champions.places[model.name].loaded
    assert loaded is not None
    answer = json.loads(loaded.score(JSON, json.dumps([ROW]).encode()).answer(JSON))
    assert answer["predictions"][0]["prediction"] == pytest.approx(answer["predictions"][0]["prediction"])
    return str(answer["version"])


def test_what_is_answered_is_what_predict_logs(made: Model) -> None:
    """The rows of the newest window are answered, and then `predict` finds all of them in the log, with its numbers."""
    import pyarrow as pa

    champions, now = followed(made), day(28)
    loaded = champions.places[made.name].loaded
    assert loaded is not None
    rows = pd.read_parquet(made.folder / "rows.parquet").drop(columns="y")
    rows = rows[(rows["ts"] >= day(21)) & (rows["ts"] < now)].reset_index(drop=True)
    answers = AnswerLog()
    answers.start()
    scored = loaded.score(ARROW, stream_of(pa.Table.from_pandas(rows, preserve_index=False)))
    answers.put(scored)
    answers.stop()
    done = predict_window(load(made.file), now)
    assert (done.rows, done.scored) == (len(rows), 0)
    expected = registry.scorer(loaded.version).predict(rows.assign(hour=rows["ts"].dt.hour.astype(float)))
    assert np.array_equal(scored.predicted, expected)
    as_json = loaded.score(JSON, rows.to_json(orient="records", date_format="iso", double_precision=15).encode())
    assert np.allclose(as_json.predicted, expected, rtol=1e-6)


def test_a_promotion_and_a_rollback_are_followed(made: Model) -> None:
    """The next look serves the version; a request that began before it is answered by the version before."""
    champions = followed(made)
    before = champions.places[made.name].loaded
    assert before is not None
    versions = {version.number: version for version in registry.versions(made.name)}
    for number in ("2", "1"):
        registry.point(versions[number], registry.CHAMPION)
        champions.look()
        assert serves(champions, made) == number
        assert before.version.number == "1"
    assert champions.ready
    assert champions.contact is not None
    assert champions.contact.reachable


def test_a_version_that_predicts_otherwise_does_not_serve(
    made: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The one before goes on, the reason is in the status and the log once; a repaired version serves."""
    champions = followed(made)
    versions = {version.number: version for version in registry.versions(made.name)}
    second = versions["2"]
    place = copies.local_path(str(registry.client().get_logged_model(second.model_id).artifact_location))
    proof = (place / contents.PROOF).read_bytes()
    (place / contents.PROOF).write_bytes(proof[:-1] + b"x")
    copies.discard(second.model_id)
    registry.point(second, registry.CHAMPION)
    try:
        with caplog.at_level(logging.WARNING, "driftloop.scoring"):
            for _ in range(2):
                champions.look()
        assert serves(champions, made) == "1"
        problem = str(champions.places[made.name].problem)
        assert problem.startswith("version 2 cannot serve")
        assert problem.endswith("version 1 goes on serving")
        assert len([record for record in caplog.records if "cannot serve" in record.message]) == 1
        alone = followed(made)
        assert (alone.places[made.name].state, alone.ready) == ("refused", True)
        (place / contents.PROOF).write_bytes(proof)
        copies.discard(second.model_id)
        monkeypatch.setattr(following, "RETRY_SECONDS", 0.0)
        champions.places[made.name] = following.Place(
            champions.places[made.name].project, "serving", champions.places[made.name].loaded, problem, second.model_id
        )
        champions.look()
        assert serves(champions, made) == "2"
    finally:
        (place / contents.PROOF).write_bytes(proof)
        registry.point(versions["1"], registry.CHAMPION)


def test_an_unavailable_registry_changes_nothing(
    made: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The loaded version goes on; without one, nothing is ready; both end when it answers again."""
    champions, empty = followed(made), Champions([made.file])
    answer = registry.aliased

    def unavailable(model: str, alias: str) -> None:
        raise ServerUnavailable("MLflow at http://127.0.0.1:5000", "Connection refused", "MLFLOW_TRACKING_URI")

    monkeypatch.setattr(registry, "aliased", unavailable)
    with caplog.at_level(logging.INFO, "driftloop.scoring"):
        for _ in range(2):
            champions.look()
        empty.look()
    assert serves(champions, made) == "1"
    assert champions.contact is not None
    assert "Connection refused" in str(champions.contact.error)
    assert (champions.contact.reachable, champions.ready, empty.ready) == (False, True, False)
    monkeypatch.setattr(registry, "aliased", answer)
    with caplog.at_level(logging.INFO, "driftloop.scoring"):
        for each in (champions, empty):
            each.look()
            assert each.ready
            assert each.contact is not None
            assert each.contact.reachable
    assert len([record for record in caplog.records if "registry is unavailable" in record.message]) == 2
    assert len([record for record in caplog.records if "registry answers again" in record.message]) == 2


def test_models_without_a_champion_or_elsewhere_hold_nothing_up(tmp_path: Path, made: Model) -> None:
    """They are not served, with the reason; a file that is removed no longer serves, a broken one goes on."""
    shutil.copytree(made.folder, tmp_path / "all")
    text = (tmp_path / "all" / "model.yaml").read_text()
    (tmp_path / "all" / "new.yaml").write_text(text.replace(made.name, "never_trained"))
    champions = Champions([tmp_path / "all"])
    champions.look()
    assert champions.ready
    place = champions.places["never_trained"]
    assert (place.state, place.problem) == ("no_champion", "no version has the alias 'champion'")
    (tmp_path / "all" / "new.yaml").unlink()
    (tmp_path / "all" / "model.yaml").write_text("model: [")
    for _ in range(2):
        champions.look()
    assert list(champions.places) in ([made.name], [made.name])
    assert serves(champions, made) == "1"
