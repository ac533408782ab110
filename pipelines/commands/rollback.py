"""`driftloop rollback`: the previous champion serves again."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from pipelines.commands.options import config_argument, json_option, only_json
from pipelines.terminal import say, say_json


@click.command()
@config_argument
@json_option
def rollback(config: Path, as_json: bool) -> None:
    """Make the previous champion serve again; its reference comes back with it."""
    from monitoring.ledger import Ledger
    from pipelines import home, promotion, site
    from pipelines.config import load

    project = load(config)
    home.prepare()
    with only_json(as_json):
        with closing(Ledger(home.ledger_url())) as ledger:
            left, serves = promotion.rollback(ledger, project.model, datetime.now(UTC))
        wrong = site.rewrite(project.model)
    if wrong:
        say(wrong, err=True)
    if as_json:
        say_json({"model": project.model, "champion": serves.number, "previous": left.number})
    else:
        say(
            f"{project.model}: version {serves.number} is champion again, with its reference; {left.number} is previous"
        )
