"""`driftloop validate` finds what is wrong with a config, or missing for it, without a check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.operations.validation import Validation, validate
from driftloop.pipelines.operations.validation_table import render
from tests import streams
from tests.streams import day, stream

NOW = day(35)
LOGISTIC = {"training__estimator": "sklearn.linear_model.LogisticRegression", "training__params": {}}
WITHOUT_TIME = stream(1).assign(ts=pd.Series([pd.NaT] * len(stream(1))))


def project(folder: Path, frame: pd.DataFrame | None = None, **changes: Any) -> Project:
    return load(streams.write(folder, stream(35) if frame is None else frame, **changes))


def states(result: Validation) -> dict[str, str]:
    return {part.key: part.state for part in result.parts}


def test_a_config_that_fits_is_shown_with_its_windows(tmp_path: Path) -> None:
    """The text has the counts per window and the next command."""
    config = project(tmp_path)
    result = validate(config, NOW)
    assert (result.outcome, result.exit_code, result.reason) == ("valid", 0, "the config fits its source")
    text = render(result, config.file)
    assert f"next: driftloop check {config.file} --now 2026-02-05T00:00" in text
    assert all(f"{one.rows:,}" in text for one in result.windows)


@pytest.mark.parametrize(
    ("changes", "message", "code"),
    [
        ({"columns__numeric": ["amuont", "sped"]}, "columns 'amuont', 'sped' are not in", 2),
        ({"columns__numeric": ["city"], "columns__categorical": ["kind"]}, "'city' has no number", 2),
        ({"columns__time": "city", "columns__categorical": ["kind"]}, "the time column 'city' holds", 2),
        ({"columns__filter": "amuont > 3"}, "Did you mean 'amount'", 2),
        ({"task": "binary", "columns__target": "city", "columns__categorical": ["kind"]}, "'city' has 3 classes", 2),
        ({"training__estimator": "sklearn.ensemble.HistGradientBosting"}, "Did you mean", 2),
        ({"training__estimator": "sklearn.linear_model.Ridge", "training__params": {"alfa": 1}}, "'alfa'", 2),
        (
            {"training__estimator": "sklearn.linear_model.LogisticRegression", "training__params": {}},
            "is not a regressor",
            2,
        ),
        ({"training__estimator": "nowhere:fit"}, "the module 'nowhere' cannot be imported", 2),
        ({"performance": {"loss": "nowhere:loss"}}, "the module 'nowhere' cannot be imported", 2),
        ({"source__path": "other.parquet"}, "other.parquet", 1),
    ],
)
def test_what_is_wrong_is_found_with_its_exit_code(
    changes: dict[str, Any], message: str, code: int, tmp_path: Path
) -> None:
    """A wrong config is 2, a source that cannot be read 1; the message names what is there instead."""
    config = project(tmp_path, **changes)
    done = CliRunner().invoke(main, ["validate", str(config.file), "--json", "--now", NOW.isoformat()])
    assert done.exit_code == code
    result = json.loads(done.stdout)
    assert result["outcome"] == "invalid"
    assert message in result["reason"]


def test_one_mistake_does_not_hide_the_next(tmp_path: Path) -> None:
    """A misspelled column and an estimator that does not exist are reported together."""
    config = project(tmp_path, columns__numeric=["amuont"], training__estimator="sklearn.ensemble.Nothing")
    result = validate(config, NOW)
    assert [part.key for part in result.parts if part.state == "wrong"] == ["source", "training.estimator"]


def test_what_is_scarce_is_a_note_with_the_numbers(tmp_path: Path) -> None:
    """Too few rows, labels and held-out rows, values that are no numbers, and variables that are not set."""
    frame = stream(35).tail(60)
    frame["amount"] = frame["amount"].astype(str).where(frame.index % 10 != 0, "n/a?")
    config = project(tmp_path, frame, notify={"urls": ["slack://${NO_SUCH_TOKEN}"]}, columns__types={})
    result = validate(config, NOW)
    notes = {part.key: part.message for part in result.parts if part.state == "note"}
    assert result.outcome == "valid"
    assert notes["training.min_rows"].startswith("60 labels in the training window")
    assert notes["columns.numeric.amount"].startswith("6 of 60 values are not numbers")
    assert "NO_SUCH_TOKEN not set" in notes["notify.urls.0"]


def test_old_rows_are_counted_as_of_the_newest_one(tmp_path: Path) -> None:
    """A file of the past has rows to count, and the moment for a check is part of the message."""
    result = validate(project(tmp_path))
    assert result.windows[0].rows > 0
    assert result.now == day(35)
    assert states(result)["windows"] in {"note", "ok"}
    assert any("--now 2026-02-05T00:00" in part.message for part in result.parts)


@pytest.mark.parametrize("frame", [stream().head(0), WITHOUT_TIME], ids=["empty", "no time"])
def test_a_source_without_rows_is_a_note(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Rows may come later; nothing can be counted yet."""
    result = validate(project(tmp_path, frame), NOW)
    assert (result.outcome, states(result)["source"]) == ("valid", "note")


def test_labels_that_are_all_missing_are_reported(tmp_path: Path) -> None:
    """With the label delay, which is the likely mistake."""
    result = validate(project(tmp_path, stream(35).assign(y=np.nan)), NOW)
    assert states(result)["columns.label_delay"] == "note"


def test_it_starts_nothing_writes_nothing_and_imports_nothing_heavy(tmp_path: Path) -> None:
    """No state folder appears, and neither Prefect, MLflow nor a training library is imported."""
    config = project(tmp_path)
    code = (
        "import sys\nfrom driftloop.pipelines.cli import main\n"
        f"try:\n    main(['validate', {str(config.file)!r}])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'prefect', 'mlflow', 'xgboost', 'sklearn', 'evidently'} & set(sys.modules)))"
    )
    environment = {**os.environ, "DRIFTLOOP_HOME": str(tmp_path / "state")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / "state").exists()


def test_a_model_to_copy_is_missing_until_it_was_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command; without a registry nothing is imported or created to find that out."""
    monkeypatch.setenv("DRIFTLOOP_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    config = project(tmp_path, training__estimator="as_adopted", training__params={})
    (part,) = (part for part in validate(config, NOW).parts if part.key == "training.estimator")
    assert (part.state, part.message) == (
        "note",
        f"no model has been adopted as made: run `driftloop adopt {config.file} URI` first",
    )
    assert not (tmp_path / "state").exists()


def test_a_backtest_of_a_misspelled_column_is_a_wrong_config(tmp_path: Path) -> None:
    """The same comparison as before a check, with exit code 2."""
    config = project(tmp_path, columns__numeric=["amuont"])
    done = CliRunner().invoke(main, ["backtest", str(config.file)])
    assert done.exit_code == 2
    assert "Did you mean 'amount'?" in done.stderr
