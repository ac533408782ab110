"""Command `driftloop history`: events of a model with their reasons, newest last."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json, state_of
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
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations import functions
    from driftloop.pipelines.operations.history import render
    from driftloop.pipelines.runtime.tables import screen

    if state_of(model):
        model = load(model).model
    with only_json(as_json):
        events = functions.history(model, most=most)
    if as_json:
        say_json({"model": model, "events": [event.model_dump(mode="json") for event in events]})
    else:
        say(render(events, screen()))
