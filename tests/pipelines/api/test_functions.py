"""`import driftloop`: the functions do what the commands do, in a real notebook as well."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import driftloop
from driftloop.monitoring.records import Outcome
from driftloop.monitoring.report.shared_script import whole
from driftloop.pipelines.commands.status import status as status_command
from tests import streams
from tests.conftest import Model
from tests.streams import day

DOCS = Path(__file__).resolve().parents[3] / "docs" / "python.md"


def test_importing_is_light() -> None:
    """`driftloop --help` passes through the package: its import loads no record, no pandas, no Prefect."""
    code = "import sys, driftloop; print(sorted({'pydantic', 'pandas', 'prefect', 'mlflow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    """`__all__`, `dir()` and the page name the same functions; any other name states what there is."""
    assert dir(driftloop) == sorted(driftloop.__all__)
    page = DOCS.read_text("utf-8")
    for name in driftloop.__all__:
        assert callable(getattr(driftloop, name))
        assert re.search(rf"`(driftloop\.)?{name}\b", page), name
    with pytest.raises(AttributeError, match="has no attribute 'chek'; it has CheckResult"):
        driftloop.chek  # noqa: B018


def test_a_model_lives_through_its_functions(model: Callable[..., Model]) -> None:
    """First champion, steady check, retrain, predictions, status and history, as the commands would have it."""
    made = model(streams.stream(28), training__params={"n_estimators": 10})
    config = driftloop.load(made.file)
    first = driftloop.check(config, now=day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED
    second = driftloop.check(str(made.file), now=day(28).replace(tzinfo=None))
    assert second.now == day(28), "without a zone it is UTC"
    assert second.report is not None
    page = Path(second.report)
    assert second.html() == whole(page.read_text("utf-8"), page), "it needs no other file"
    retrain = driftloop.retrain(config, now=day(28))
    assert (retrain.model, retrain.champion, retrain.site) == (config.model, retrain.version or "1", None)
    assert driftloop.predict(config, now=day(28)).rows == second.window.rows
    (row,) = driftloop.status(made.name)
    assert row["champion"] == made.champion()
    kinds = [event.kind for event in driftloop.history(made.name)]
    assert kinds[0] == "retrain_requested"
    assert "promoted" in kinds


def test_a_result_without_a_report_shows_its_verdict(model: Callable[..., Model]) -> None:
    """A check that left early is shown too, and nothing in it can leave its frame."""
    early = driftloop.check(model(streams.stream(28)).file, now=day(400))
    assert early.outcome is Outcome.NO_DATA
    shown = early._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert shown.count("<") == 2, "all of the page is text of an attribute"


def test_errors_are_those_of_the_commands(tmp_path: Path, model: Callable[..., Model]) -> None:
    """An unknown file, a model without a champion, a model that no one has checked: each has an error of its own."""
    with pytest.raises(driftloop.DriftloopError, match="nowhere"):
        driftloop.check(tmp_path / "nowhere.yaml")
    made = model(streams.stream(28))
    for call in (lambda: driftloop.predict(made.file), lambda: driftloop.status("x"), lambda: driftloop.history("x")):
        with pytest.raises(driftloop.DriftloopError):
            call()
    assert status_command is not driftloop.status


def test_replays(model: Callable[..., Model]) -> None:
    """Custom matrices and the history of a model give tables of policies."""
    ages = np.subtract.outer(np.arange(10), np.arange(10)).T - 1.0
    assert [one.retrains for one in driftloop.replay(1 + 0.1 * ages, policies=["never"]).policies] == [0]
    made = model(streams.stream(60), training__params={"n_estimators": 5})
    found = driftloop.backtest(made.file, now=day(60), policies=["never", "always"], batch=timedelta(days=5))
    assert {one.name for one in found.standings} >= {"never", "always"}


def test_the_page_runs_in_a_notebook(tmp_path: Path, seeded: Callable[[Path], Path]) -> None:
    """The code of the page as cells of a kernel, whose event loop is running: the last cell shows the report."""
    streams.write(tmp_path, streams.stream(28), model="orders", training__params={"n_estimators": 10})
    (tmp_path / "model.yaml").rename(tmp_path / "orders.yaml")
    seeded(tmp_path / "state")
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(code.strip().splitlines()) <= 6, "five lines and a blank one"
    first = (
        "import os\n"
        "for name in [name for name in os.environ if name.startswith(('PREFECT_', 'MLFLOW_'))]:\n"
        "    del os.environ[name]\n"
        f"os.environ['DRIFTLOOP_HOME'] = {str(tmp_path / 'state')!r}"
    )
    at = "from datetime import datetime; now = datetime.fromisoformat({!r})"
    cells = [first, at.format(day(21).isoformat()), code.replace("(config)", "(config, now=now)")]
    cells += [at.format(day(28).isoformat()), code.replace("(config)", "(config, now=now)")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    last = json.loads(json.dumps(notebook.cells[-1].outputs))[-1]["data"]["text/html"]
    assert "iframe" in last
    assert "Distributions, most drifted first" in last
    assert "Votes" in last
