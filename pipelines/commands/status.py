"""`driftloop status`: all models, one line each."""

from __future__ import annotations

import json

import click

from pipelines.commands.options import json_option, only_json


@click.command()
@click.argument("model", required=False)
@json_option
def status(model: str | None, as_json: bool) -> None:
    """Each model: champion, age, last check, drift, loss, last retrain and why. MODEL: its name, or its YAML."""
    from pipelines import home
    from pipelines.config import load
    from pipelines.status import as_table, collect

    if model is not None and model.endswith((".yaml", ".yml")):
        model = load(model).model
    home.prepare()
    with only_json(as_json):
        rows = collect(model)
    click.echo(json.dumps({"models": rows}) if as_json else as_table(rows))
