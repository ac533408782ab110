"""A replay checks the whole history once per window."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.replaying import moments
from tests import streams
from tests.streams import day, stream


@pytest.mark.parametrize(("days", "count"), [(42, 4), (21, 2)])
def test_the_moments_leave_rows_for_the_first_training_run(days: int, count: int, tmp_path: Path) -> None:
    """A training window of 21 days comes first, half of the history if there is less; then one moment a window."""
    config = load(streams.write(tmp_path, stream(days)))
    found = moments(config, day(days))
    assert len(found) == count
    assert found[-1] == day(days)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(days=7)}


def test_an_empty_source_has_one_moment(tmp_path: Path) -> None:
    """The check reports that there are no rows."""
    assert moments(load(streams.write(tmp_path, stream().head(0))), day(1)) == [day(1)]


@pytest.mark.usefixtures("prefect")
def test_init_replays_the_history_and_names_the_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command from a file to a champion, a verdict per window and the site."""
    monkeypatch.chdir(tmp_path)
    stream(28).to_csv("replayed.csv", index=False)
    done = CliRunner().invoke(main, ["init", "replayed.csv", "--target", "y", "--replay"])
    assert done.exit_code == 0, done.output
    assert "bootstrapped - -> 1" in done.stdout
    (place,) = [line.removeprefix("site: ") for line in done.stdout.splitlines() if line.startswith("site: ")]
    assert "replayed" in Path(place).read_text("utf-8")
