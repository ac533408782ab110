"""A window without rows is explained by where the rows are, in every command that needs some."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.no_rows import no_rows, refuse_no_rows
from tests import streams
from tests.conftest import Model
from tests.streams import day, stream


@pytest.mark.parametrize("command", ["check", "predict", "retrain"])
@pytest.mark.parametrize(("start", "ends"), [(60, True), (-30, True), (10, False)])
def test_a_window_elsewhere_names_the_command_that_reaches_the_rows(
    tmp_path: Path, command: str, start: int, ends: bool
) -> None:
    """Before and after all rows the message has a command to copy; a gap between rows needs none."""
    frame = stream(28)
    config = load(streams.write(tmp_path, frame[(frame["ts"] < day(8)) | (frame["ts"] > day(20))]))
    text = no_rows(config, Window(start=day(start), end=day(start + 7)), command)
    assert "the source has rows from" in text
    found = re.search(rf"`driftloop {command} \S+model\.yaml --now (\S+)`", text)
    assert (found is not None) == ends
    if found is not None:
        assert found[1] == f"{frame['ts'].max():%Y-%m-%dT%H:%M}"


def test_a_training_without_rows_is_refused_with_the_same_sentence(tmp_path: Path) -> None:
    """Rows are enough; none of them end the training before anything is cut."""
    config = load(streams.write(tmp_path, stream(28)))
    window = Window(start=day(60), end=day(67))
    refuse_no_rows(config, 1, window)
    with pytest.raises(TrainingImpossible, match="driftloop retrain") as refused:
        refuse_no_rows(config, 0, window)
    assert refused.value.code == "no_data"


def test_commands_say_where_the_rows_are(trained: Callable[..., Model]) -> None:
    """`predict` and `retrain` of a window after the rows name the time that would work."""
    made = trained()
    for command in ("predict", "retrain"):
        done = CliRunner().invoke(main, [command, str(made.file), "--now", day(200).isoformat()])
        assert done.exit_code == 0, done.output
        assert f"driftloop {command} " in " ".join(done.output.split())
        assert "--now 2026-" in " ".join(done.output.split())
