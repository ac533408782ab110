"""A config that never fitted its source is a wrong config, found immediately; data that broke later is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import BadExpression, ConfigError
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.flows.mismatch import refuse_mismatch
from driftloop.pipelines.runtime import home
from tests import streams
from tests.conftest import Model
from tests.streams import stream


def project(folder: Path, frame: pd.DataFrame | None = None, **changes: Any) -> Project:
    """A model that was never checked, on these rows."""
    return load(streams.write(folder, stream() if frame is None else frame, model=f"new{folder.name}"[:60], **changes))


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"columns__numeric": ["amuont", "speed"]}, "columns.numeric", "column 'amuont' is not in"),
        ({"columns__categorical": ["city", "kynd"]}, "columns.categorical", "Did you mean 'kind'"),
        ({"columns__target": "why"}, "columns.target", "'why'"),
        ({"columns__time": "tss"}, "columns.time", "Did you mean 'ts'"),
        ({"columns__time": "city", "columns__categorical": ["kind"]}, "columns.time", "the time column 'city' holds"),
        ({"columns__types": {"amount": "integer"}}, "columns.types.amount", "has the type DOUBLE"),
        ({"columns__filter": "amuont > 3"}, "columns", "Did you mean 'amount'"),
        (
            {"columns__numeric": ["amount", "speed", "city"], "columns__categorical": ["kind"]},
            "columns.numeric",
            "'city'",
        ),
        ({"columns__target": "city", "columns__categorical": ["kind"]}, "columns.target", "no number among its values"),
    ],
)
def test_a_mistake_names_file_and_key(changes: dict[str, Any], key: str, expected: str, tmp_path: Path) -> None:
    """With what the source has instead, before anything is started."""
    with pytest.raises(ConfigError) as refused:
        refuse_mismatch(project(tmp_path, **changes))
    assert f"model.yaml: {key}: " in str(refused.value)
    assert expected in str(refused.value)


def test_an_expression_that_cannot_be_used_is_found_as_early(tmp_path: Path) -> None:
    """It is wrong whatever the rows are."""
    with pytest.raises(BadExpression, match="semicolon"):
        refuse_mismatch(project(tmp_path, columns__filter="amount > 3;"))


@pytest.mark.parametrize(
    "frame",
    [
        stream(),
        stream().head(0),
        stream().assign(amount=lambda f: f["amount"].astype(str)),
        stream().assign(amount=np.nan),
        stream().assign(amount=lambda f: f["amount"].astype(str).where(f.index % 50 == 0, "unknown")),
    ],
    ids=["good", "empty", "numbers as text", "no value", "few numbers"],
)
def test_what_may_be_meant_so_passes(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Rows that are good, none, or bad is the business of the check, which records it."""
    refuse_mismatch(project(tmp_path, frame))


def test_a_file_that_is_not_there_is_left_to_the_check(tmp_path: Path) -> None:
    """It may come; the check tries again and records a failure."""
    config = project(tmp_path)
    (tmp_path / "rows.parquet").unlink()
    refuse_mismatch(config)


@pytest.mark.parametrize("command", ["check", "retrain"])
def test_a_command_exits_with_2_and_starts_nothing(command: str, tmp_path: Path) -> None:
    """Before anything is stored; with --json one object gives the reason."""
    config = project(tmp_path, columns__numeric=["distnce"])
    result = CliRunner().invoke(main, [command, str(config.file), "--json"])
    assert result.exit_code == 2
    assert '"outcome": "failed"' in result.stdout
    assert "column 'distnce' is not in" in result.stderr
    assert not home.reports(config.model).exists()


@pytest.mark.parametrize("command", ["check", "predict"])
def test_a_misspelled_column_of_a_served_model_is_found_without_mlflow_and_prefect(
    command: str, trained: Callable[..., Model], process: Callable[..., Any]
) -> None:
    """The columns that the source has had are in the state folder; a second of CPU is enough to compare them."""
    model = trained()
    right = ["amount", "speed"]
    refuse_mismatch(load(model.given(columns__numeric=right).file))
    model.given(columns__numeric=["amount", "sped"])
    code = (
        "import sys\nfrom driftloop.pipelines.cli import main\n"
        f"words = [{command!r}, {str(model.file)!r}, '--json']\n"
        "try:\n    main(words)\nexcept SystemExit as end:\n    print(end.code)\n"
        "print(sorted({'prefect', 'mlflow', 'xgboost', 'sklearn', 'evidently'} & set(sys.modules)))\n"
    )
    done = process("-c", code, python=True, DRIFTLOOP_HOME=str(home.home()))
    model.given(columns__numeric=right)
    assert done.stdout.splitlines()[-2:] == ["2", "[]"], done.stderr
    assert "Did you mean 'speed'?" in done.stderr


def test_what_the_champion_knows_is_broken_data_and_no_mistake(trained: Callable[..., Model], tmp_path: Path) -> None:
    """A column that was there when the champion was trained was lost later; one that never was is a mistake."""
    twin = Model(tmp_path)
    twin.name = trained().name
    frame = stream(seed=9)
    refuse_mismatch(load(twin.given(frame.drop(columns="speed")).file))
    refuse_mismatch(load(twin.given(frame.assign(speed="fast")).file))
    twin.given(frame, columns__numeric=["amount", "sped"])
    with pytest.raises(ConfigError, match=r"columns\.numeric: column 'sped' is not in"):
        refuse_mismatch(load(twin.file))
    assert trained().champion() is not None
