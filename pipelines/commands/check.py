"""Command `driftloop check`: one check of one model, as text or as one JSON object."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, now_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json, shown

RETRAIN_DECIDED = 10


@click.command()
@config_argument
@json_option
@now_option
@click.option("--dry-run", is_flag=True, help="Evaluate and write the report, but change nothing.")
@click.option("--exit-code", is_flag=True, help="Exit with 10 if the decision was to retrain.")
def check(config: Path, as_json: bool, now: datetime | None, dry_run: bool, exit_code: bool) -> None:
    """Check one model: evaluate its fresh rows, retrain it if the decision is to retrain.

    A model that is trained elsewhere (training: none) is not retrained: that decision always exits with 10.
    """
    from driftloop.monitoring.records import Outcome

    with only_json(as_json), shown():
        from driftloop.pipelines.operations import functions

        result = functions.check(config, now=now, dry_run=dry_run)
    if as_json:
        say_json(result.model_dump_json())
    else:
        from driftloop.pipelines.operations.words import format_check
        from driftloop.pipelines.runtime.tables import screen

        say(format_check(result, config, screen()))
    if result.decision == "retrain" and (exit_code or result.outcome is Outcome.NEEDED_ELSEWHERE):
        sys.exit(RETRAIN_DECIDED)
