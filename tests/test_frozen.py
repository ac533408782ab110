"""What an older driftloop wrote is read by this one: a version, a ledger, a cached result. See tests/fixtures."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring import profiles
from driftloop.monitoring.errors import DriftloopError, LedgerTooNew
from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.ledger.tables import VERSION as VERSION_TABLE
from driftloop.monitoring.records import Outcome, Reference
from driftloop.pipelines.training import loss_model, storage
from tests.frozen import differences

FIXTURES = Path(__file__).parent / "fixtures"
VERSION = FIXTURES / "version"
MODEL = "frozen"


def test_a_version_loads_and_predicts_the_same() -> None:
    """Files, reference, profiles and estimator are read, and the model predicts what it predicted then."""
    files = json.loads((VERSION / "manifest.json").read_text())
    scorer = storage.load(VERSION, manifest=files)
    proof = pd.read_parquet(VERSION / "proof.parquet")
    (answer,) = (name for name in proof.columns if name not in scorer.features.names)
    predicted = scorer.predict(proof[[*scorer.features.names]])
    np.testing.assert_allclose(predicted, proof[answer], rtol=1e-6)
    reference = Reference.model_validate_json((VERSION / "reference.json").read_text())
    assert (reference.rows, reference.loss_name) == (len(pd.read_parquet(VERSION / "reference.parquet")), "mae")
    known = profiles.load(VERSION / "profiles.npz")
    assert set(known) >= {column.name for column in reference.of_role("feature")}
    assert loss_model.load(VERSION, manifest=files) is not None


def test_a_version_is_served_by_mlflow() -> None:
    """`mlflow.pyfunc.load_model` reads the frozen MLmodel file and finds the loader that it names."""
    import mlflow

    served = mlflow.pyfunc.load_model(str(VERSION))
    example = json.loads((VERSION / "input_example.json").read_text())
    rows = pd.DataFrame(example["data"], columns=example["columns"])
    assert np.isfinite(served.predict(rows)).all()


def test_a_version_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A head that this driftloop does not know is an error with a remedy, before the model is read."""
    folder = Path(shutil.copytree(VERSION, tmp_path / "newer"))
    head = json.loads((folder / "scorer.json").read_text()) | {"version": 999}
    (folder / "scorer.json").write_text(json.dumps(head))
    with pytest.raises(DriftloopError, match=r"(?s)scorer\.json cannot be read.*update driftloop, or retrain"):
        storage.load(folder, manifest=None)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The frozen ledger as a database."""
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(file)) as open_:
        open_.executescript((FIXTURES / "ledger.sql").read_text())
    return file


@pytest.fixture
def ledger(database: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{database}")) as opened:
        yield opened


def test_a_ledger_opens_with_all_that_was_recorded(ledger: Ledger) -> None:
    """Checks, requests and events are there, in their order, with their results."""
    assert ledger.models() == [MODEL]
    checks = sorted(ledger.checks(MODEL), key=lambda check: check.now)
    assert [check.outcome for check in checks] == [Outcome.BOOTSTRAPPED, Outcome.STEADY, Outcome.PROMOTED]
    assert [(check.champion, check.champion_after) for check in checks] == [(None, "1"), ("1", "1"), ("1", "2")]
    last = checks[-1]
    assert last.retrain is not None
    assert last.performance is not None
    assert last.performance.loss == pytest.approx(18.7, abs=0.1)
    assert ledger.result(last.retrain.request_id) == last.retrain
    assert ledger.open_requests(MODEL) == []
    kinds = [event.kind for event in ledger.events(MODEL)]
    assert kinds.count(Kind.REGISTERED) == 2


def test_policies_see_the_recorded_past(ledger: Ledger) -> None:
    """The history of a later check has the judged checks and the answered requests of the frozen ledger."""
    now = max(check.now for check in ledger.checks(MODEL))
    history = ledger.history(MODEL, datetime.fromisoformat("2026-03-01T00:00:00+00:00"))
    outcomes = [past.outcome for past in history.checks]
    assert outcomes == [Outcome.BOOTSTRAPPED, Outcome.STEADY, Outcome.PROMOTED]
    assert [(retrain.now, retrain.promoted) for retrain in history.retrains][-1] == (now, True)


def test_a_frozen_ledger_takes_new_entries(ledger: Ledger) -> None:
    """It is in the present format once it was opened: an event is written and read back."""
    before = len(ledger.events(MODEL))
    moment = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    ledger.note(MODEL, Kind.CHAMPION_SET, {"version": "1"}, moment, subject="1")
    assert len(ledger.events(MODEL)) == before + 1


def test_a_ledger_of_a_newer_format_is_refused(database: Path) -> None:
    """A ledger that a newer driftloop wrote is not opened, and not changed."""
    with closing(sqlite3.connect(database)) as open_:
        open_.execute(f"UPDATE {VERSION_TABLE.name} SET format = 999")
        open_.commit()
        before = list(open_.iterdump())
        with pytest.raises(LedgerTooNew, match="999"):
            Ledger(f"sqlite:///{database}")
        assert list(open_.iterdump()) == before


def test_a_cached_result_is_used_or_passed_over(prefect: None) -> None:
    """A stored result is used while its type has the shape of then; otherwise its key is not taken. It is no error."""
    from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

    from driftloop.pipelines.flows.measuring import read_reference
    from driftloop.pipelines.runtime import caching
    from driftloop.pipelines.runtime.fingerprint import shape

    content = gzip.decompress((FIXTURES / "read-reference.json.gz").read_bytes()).decode()
    key = "driftloop-frozen-result"
    place = Path(PREFECT_LOCAL_STORAGE_PATH.value())
    place.mkdir(parents=True, exist_ok=True)
    (place / key).write_text(content)
    kind = get_type_hints(read_reference.fn)["return"]
    same = shape(kind) == (FIXTURES / "read-reference.shape.txt").read_text().strip()
    usable = caching._usable(key, kind)
    assert usable or not same


def test_a_difference_is_found_by_its_path() -> None:
    """Another text, a missing key, a number that is off by more than a thousandth; not one that is off by less."""
    frozen = {"a": [1.0, "x"], "b": None}
    assert differences({"a": [1.0005, "x"], "b": None}, frozen) == []
    assert differences({"a": [1.002, "y"]}, frozen) == [".a[0]: 1.002, frozen 1.0", ".a[1]: 'y', frozen 'x'"]
    assert differences({"a": [1.0, "x"], "b": None, "c": 1}, frozen) == [".c: 1, frozen None"]
    assert differences({"a": [1.0], "b": None}, frozen) == [".a: [1.0], frozen [1.0, 'x']"]
