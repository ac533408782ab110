"""Keeping models of the history without an archive; tests/pipelines/flows/test_keeping.py has the story."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from driftloop.pipelines.cli import main
from tests import streams


def test_without_an_archive_no_model_is_kept(tmp_path: Path) -> None:
    """`archive.keep: 0` is refused before anything is trained, with the key and what it means."""
    streams.write(tmp_path, streams.stream(30), model="unkept", archive__keep=0)
    run = CliRunner().invoke(main, ["backtest", str(tmp_path / "model.yaml"), "--keep-models"])
    assert run.exit_code == 2, run.output
    assert "archive.keep: 0, so no model of the history can be kept" in run.output
    assert "without --keep-models" in run.output
