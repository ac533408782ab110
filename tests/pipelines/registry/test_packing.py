"""A stored model predicts where driftloop, Prefect and Evidently are not installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.pipelines import registry
from driftloop.pipelines.training import storage
from driftloop.pipelines.training.recalibration import Recalibration
from tests.conftest import Model
from tests.streams import stream

Make = Callable[..., Model]
COLUMNS = ["amount", "speed", "city", "kind"]
# Runs where only the requirements of models are importable; prints their predictions.
PREDICT = """
import importlib.util, json, sys
import pandas as pd
for name in ("driftloop", "prefect", "evidently"):
    assert importlib.util.find_spec(name) is None, name
import mlflow
rows = pd.DataFrame(json.load(open(sys.argv[1])))
models = [mlflow.pyfunc.load_model(folder) for folder in sys.argv[2:]]
print(json.dumps([model.predict(rows).to_numpy().tolist() for model in models]))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that sees the installed libraries, except driftloop and what only driftloop needs."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    installed = Path(np.__file__).parents[1]
    for entry in installed.iterdir():
        if not any(word in entry.name.lower() for word in ("driftloop", "prefect", "evidently")):
            (site / entry.name).symlink_to(entry)
    # The program that MLflow starts to serve a model; without it, that of another environment on the path would run.
    program = folder / "bin" / "uvicorn"
    program.write_text(f"#!{folder / 'bin' / 'python'}\nfrom uvicorn.main import main\nmain()\n")
    program.chmod(0o755)
    return folder / "bin" / "python"


def predicted(python: Path, rows: pd.DataFrame, scratch: Path, *folders: Path) -> list[Any]:
    """The predictions of stored models for rows, made in that environment."""
    file = scratch / "rows.json"
    file.write_text(json.dumps(rows.astype(object).where(rows.notna(), None).to_dict(orient="list")))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW_TRACKING"))}
    command = [str(python), "-c", PREDICT, str(file), *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, env=kept, cwd=scratch, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("task", "estimator", "needs"),
    [
        ("regression", "xgboost", {"xgboost", "scikit-learn"}),
        ("multiclass", "xgboost", {"xgboost", "scikit-learn"}),
        ("binary", "sklearn.ensemble.HistGradientBoostingClassifier", {"scikit-learn", "skops"}),
    ],
)
def test_it_predicts_the_same_without_driftloop(
    trained: Make, bare: Path, tmp_path: Path, task: str, estimator: str, needs: set[str]
) -> None:
    """An unseen category, a missing value and a further column included; its requirements are exact and its own."""
    params = {"max_iter": 5} if "sklearn" in estimator else {"n_estimators": 10}
    version = registry.champion(trained(task=task, training__estimator=estimator, training__params=params).name)
    rows = stream(1, 30, task=task).drop(columns="ts")
    rows.loc[0, "city"] = "atlantis"
    rows.loc[1, "amount"] = None
    expected = registry.scorer(version).predict(rows)
    copied = tmp_path / "copied"
    shutil.copytree(registry.folder(version), copied)
    numbers = Recalibration(method="linear", slope=0.5, intercept=3.0)
    made = numbers if task == "regression" else Recalibration(method="temperature", temperature=2.5)
    storage.save_recalibrated(registry.model_files(version), made, copied, copied="1")
    found, recalibrated = predicted(bare, rows, tmp_path, registry.folder(version), copied)
    assert np.array_equal(np.asarray(found), expected)
    assert np.array_equal(np.asarray(recalibrated), made.apply(expected))
    lines = (registry.folder(version) / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in lines)
    assert {line.partition("==")[0] for line in lines} == {"mlflow", "pandas", "numpy", *needs}


def test_a_model_of_other_code_is_opened_by_its_own(trained: Make, tmp_path: Path) -> None:
    """The module is named by its content, so that models of several versions of driftloop share a process."""
    import mlflow

    version = registry.champion(trained().name)
    folder = registry.folder(version)
    (module,) = (folder / "code").iterdir()
    assert module.name.startswith("driftloop_served_")
    for file in (folder / "code").rglob("*.py"):
        assert "code/" + str(file.relative_to(folder / "code")) in registry.manifest(version)
    assert mlflow.pyfunc.load_model(str(folder)).predict(stream(1, 5)).shape == (5,)
    assert module.name in sys.modules


def test_mlflow_serves_it_over_http_without_driftloop(trained: Make, bare: Path, tmp_path: Path) -> None:
    """An unseen category and text for a number are predicted; a missing column is an error that names it."""
    version = registry.champion(trained().name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(bare), "-m", "mlflow", "models", "serve", "-m", str(registry.folder(version)), "--env-manager"]
    command += ["local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW_TRACKING"))}
    kept["PATH"] = f"{bare.parent}:{kept['PATH']}"
    rows = stream(1, 4).drop(columns="ts")
    rows.loc[0, "city"] = "atlantis"
    expected = registry.scorer(version).predict(rows)
    records: list[Any] = rows.to_dict(orient="records")
    with subprocess.Popen(command, env=kept, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as server:
        try:
            ready(f"http://127.0.0.1:{port}/ping", server)
            _, answer = asked(port, records)
            assert np.allclose([one["prediction"] for one in answer["predictions"]], expected)
            assert asked(port, [{**row, "amount": "ten"} for row in records])[0] == 200
            status, failed = asked(port, [{"speed": 1.0, "city": "rome", "kind": "a"}])
            assert (status, "lack 'amount'" in json.dumps(failed)) == (400, True)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)


def ready(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    while True:
        assert server.poll() is None, server.stderr.read().decode() if server.stderr else ""
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)


def asked(port: int, records: list[dict[str, Any]]) -> tuple[int, Any]:
    """Status and body of the answer to a request for predictions."""
    body = json.dumps({"dataframe_records": records}).encode()
    url = f"http://127.0.0.1:{port}/invocations"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
