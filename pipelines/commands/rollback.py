"""Command `driftloop rollback`: restores the previous champion."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from driftloop.pipelines.commands.options import config_argument, json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@config_argument
@json_option
def rollback(config: Path, as_json: bool) -> None:
    """Restore the previous champion together with its reference."""
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines import site
    from driftloop.pipelines.config.elsewhere import refuse_elsewhere
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.registry import promotion
    from driftloop.pipelines.runtime import home

    project = load(config)
    refuse_elsewhere(project, "rollback")
    home.prepare()
    with only_json(as_json):
        with closing(Ledger(home.ledger_url())) as ledger:
            left, serves = promotion.rollback(ledger, project.model, datetime.now(UTC))
        problem = site.rewrite(project.model)
    if problem:
        say(problem, err=True)
    if as_json:
        say_json({"model": project.model, "champion": serves.number, "previous": left.number})
    else:
        say(
            f"{project.model}: version {serves.number} is champion again, with its reference; "
            f"version {left.number} is kept as previous"
        )
