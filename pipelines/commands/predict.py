"""Command `driftloop predict`: log of the champion's predictions for a window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown


@click.command()
@config_argument
@json_option
@now_option
def predict(config: Path, as_json: bool, now: datetime | None) -> None:
    """Score the newest window with the champion and log the predictions.

    Checks use the logged predictions instead of scoring again. A second run for the same window and version scores only
    rows that arrived since. `predictions.path` sets the folder of the log.
    """
    with only_json(as_json), shown():
        from driftloop.pipelines.operations import functions

        done = functions.predict(config, now=now)
    if as_json:
        say_json(done.model_dump_json())
        return
    before = f", {done.rows - done.scored:,} already in the log" if done.rows > done.scored else ""
    say(f"{done.model}  {done.window}  {done.rows:,} rows: {done.scored:,} scored by version {done.version}{before}")
    if done.reason:
        say(f"nothing to score: {done.reason}")
    if done.file:
        say(f"logged: {done.file}")
