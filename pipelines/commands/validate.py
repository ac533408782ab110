"""Command `driftloop validate`: a config against its source, without a check."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown


@click.command()
@config_argument
@json_option
@now_option
def validate(config: Path, as_json: bool, now: datetime | None) -> None:
    """Validate a config: keys, columns, types, rows and labels per window, estimator, notifications.

    It trains nothing, starts no server, writes nothing, and needs no champion. Exits with 2 if the config is wrong,
    and with 1 if the source cannot be read.
    """
    with only_json(as_json), shown():
        from driftloop.pipelines.config.project import load
        from driftloop.pipelines.operations import validation

        project = load(config)
        result = validation.validate(project, now)
    if as_json:
        say_json(result.model_dump_json())
    else:
        from driftloop.pipelines.operations.validation_table import render
        from driftloop.pipelines.runtime.tables import screen

        say(render(result, config, screen()))
    if result.exit_code:
        sys.exit(result.exit_code)
