"""Command `driftloop retrain`: manual training run; the gate still decides."""

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
def retrain(config: Path, as_json: bool, now: datetime | None) -> None:
    """Train a challenger now, regardless of the policies. The gate still decides on promotion."""
    with only_json(as_json), shown():
        from driftloop.pipelines.operations import functions

        result = functions.retrain(config, now=now)
    if result.site:
        say(result.site, err=True)
    if as_json:
        say_json(result.model_dump_json())
    else:
        from driftloop.pipelines.operations.words import format_retrain
        from driftloop.pipelines.runtime.tables import screen

        say(format_retrain(result, screen()))
