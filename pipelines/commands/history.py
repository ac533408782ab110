"""Command `driftloop history`: events of a model with their reasons, newest last."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@click.argument("model")
@json_option
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="Number of newest events to show.")
def history(model: str, as_json: bool, most: int) -> None:
    """Show every decision about a model, including decisions not to act, with every vote.

    MODEL: its name, or its YAML. Lists the ledger's events in the order of writing: checks with their verdicts,
    retrains requested, claimed, trained, promoted, rejected or failed, rollbacks, repaired champions, missed checks,
    results of backtests.
    """
    from contextlib import closing

    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations.history import in_words
    from driftloop.pipelines.operations.status import NeverChecked
    from driftloop.pipelines.runtime import home
    from driftloop.pipelines.runtime.tables import screen

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
        say(in_words(events, screen()))
