"""`driftloop promote`: a person lets a waiting challenger take over, or sends it away."""

from __future__ import annotations

import click

from driftloop.pipelines.commands.options import json_option, only_json
from driftloop.pipelines.runtime.terminal import say, say_json


@click.command()
@click.argument("model")
@click.argument("version")
@json_option
@click.option("--decline", metavar="WHY", help="Send it away instead; the champion stays.")
def promote(model: str, version: str, as_json: bool, decline: str | None) -> None:
    """Let the challenger VERSION, which waits for approval, take over. MODEL: its name, or its YAML.

    With `promotion: manual` in the config a challenger that the gate has passed waits under the alias 'challenger'. It
    takes over only from the champion that it was proven against.
    """
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.requests.approval import answer
    from driftloop.pipelines.runtime import home

    if model.endswith((".yaml", ".yml")):
        model = load(model).model
    home.prepare()
    with only_json(as_json):
        done = answer(model, version, decline)
    if done.site:
        say(done.site, err=True)
    told = done.model_dump(include={"model", "version", "promoted", "previous"})
    if as_json:
        say_json(told)
    else:
        say(done.said)
