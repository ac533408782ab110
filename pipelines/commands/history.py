"""`driftloop history`: everything that happened to a model, newest last, with why."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@click.argument("model")
@json_option
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="How many events, the newest.")
def history(model: str, as_json: bool, most: int) -> None:
    """Tell what was decided about a model and what was not, with every vote. MODEL: its name, or its YAML.

    Checks with their verdicts, retrains asked for, claimed, trained, promoted, rejected or failed, rollbacks, healed
    champions, missed checks, what a backtest found out: the ledger's record in the order it was written.
    """
    from contextlib import closing

    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations.history import in_words
    from driftloop.pipelines.operations.status import NeverChecked
    from driftloop.pipelines.runtime import home

    if model.endswith((".yaml", ".yml")):
        model = load(model).model
    home.prepare()
    with only_json(as_json), closing(Ledger(home.ledger_url())) as ledger:
        events = ledger.events(model, most=most)
        if not events:
            raise NeverChecked(model, ledger.models())
    events.reverse()
    if as_json:
        say_json({"model": model, "events": [event.model_dump(mode="json") for event in events]})
    else:
        say(in_words(events))
