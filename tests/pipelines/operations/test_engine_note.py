"""Validation of an engine: the errors of a check before one runs, and what the engine will not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.validation import Validation, validate
from tests.servers.dask import DaskCluster
from tests.servers.ports import free_port
from tests.streams import day, stream, write


def validated(folder: Path, address: str, **changes: Any) -> tuple[Validation, str]:
    """The validation of a config with an engine, and its sentence on the engine."""
    file = write(folder, stream(28), engine={"dask": address, "timeout": "1s"}, **changes)
    found = validate(load(file), day(28))
    (part,) = [part for part in found.parts if part.key == "engine"]
    return found, f"{part.state}: {part.message}"


def test_an_engine_is_tried(cluster: DaskCluster, tmp_path: Path) -> None:
    """A cluster is described, with what this process trains; one that is gone is wrong; none is not reported."""
    found, text = validated(tmp_path, cluster.address)
    assert found.exit_code == 0
    assert text == f"ok: dask at {cluster.address}: 2 workers with 2 threads, versions as in this process"
    _, text = validated(tmp_path, cluster.address, training__window="choose")
    assert text.startswith("note: dask at ")
    assert "training runs read all rows in this process: spans of the history" in text
    found, text = validated(tmp_path, f"tcp://127.0.0.1:{free_port()}")
    assert (found.outcome, found.exit_code) == ("invalid", 1)
    assert "the scheduler does not answer within 1 s" in text
    alone = load(write(tmp_path, stream(28)))
    assert not [part for part in validate(alone, day(28)).parts if part.key == "engine"]


def test_an_engine_that_cannot_read_the_source_is_noted(tmp_path: Path) -> None:
    """Nothing is connected."""
    stream(28).to_csv(tmp_path / "rows.csv", index=False)
    source = {"path": "rows.csv", "encoding": "cp1252"}
    found, text = validated(tmp_path, "tcp://127.0.0.1:1", source=source)
    assert found.exit_code == 0
    assert text.startswith("note: it is not used, all rows are read by this process: files are converted from cp1252")
